/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does a SYN offer timestamps (RFC 7323, 3)? If it does the hasher picks, else the flow's router,
 * which is another gateway here, gets it.
 */
#include "tests/packet/gateway_world.h"

#define FORWARDED(v) FROM_CLIENT(v, .hop_limit = 63)
#define SYN_WITH(options, options_size)                                                            \
	TCP(.flags = TCP_SYN, .bytes = (options), .size = (options_size))

static void check_options(int v, const char *options, size_t size, int verdict, const char *to)
{
	given_router(ROUTER_OTHER);
	through_gateway(FRAME(FROM_FABRIC, FROM_CLIENT(v), SYN_WITH(options, size)), verdict,
			FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = to), FORWARDED(v),
			      SYN_WITH(options, size)));
}

#define check_timestamps(v, options)                                                               \
	check_options(v, options, sizeof(options) - 1, GATEWAY_PICKED, BACKEND_1_MUST)
#define check_no_timestamps(v, options)                                                            \
	check_options(v, options, sizeof(options) - 1, GATEWAY_TO_ROUTER, OTHER_SID)

#define MSS "\x02\x04\x05\xb4"
#define SACK "\x04\x02"
#define SCALE "\x03\x03\x07"
#define NOP "\x01"
#define END "\x00"
#define TIMESTAMPS "\x08\x0a\x00\x00\x00\x01\x00\x00\x00\x00"

static void no_options_are_no_timestamps(void **state)
{
	check_no_timestamps(FAMILY(state), "");
}

static void timestamps_are_found_where_linux_writes_them(void **state)
{
	check_timestamps(FAMILY(state), MSS SACK TIMESTAMPS NOP SCALE);
}

static void timestamps_are_found_behind_two_nops(void **state)
{
	check_timestamps(FAMILY(state), NOP NOP TIMESTAMPS);
}

static void timestamps_are_found_as_the_first_option(void **state)
{
	check_timestamps(FAMILY(state), TIMESTAMPS MSS SACK);
}

static void timestamps_are_found_as_the_last_option(void **state)
{
	check_timestamps(FAMILY(state), MSS NOP SCALE NOP NOP SACK TIMESTAMPS);
}

static void timestamps_are_found_at_the_end_of_the_longest_header(void **state)
{
	check_timestamps(FAMILY(state),
			 NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP
				 NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP NOP TIMESTAMPS);
}

static void timestamps_are_found_behind_an_option_nobody_knows(void **state)
{
	check_timestamps(FAMILY(state), "\xfd\x06\x01\x02\x03\x04" TIMESTAMPS);
}

/* RFC 8684, 3.1 and 3.2: as Linux writes them last, and as others may. */
static void timestamps_are_found_beside_multipath_tcps_options(void **state)
{
	check_timestamps(FAMILY(state), MSS SACK TIMESTAMPS NOP SCALE "\x1e\x04\x01\x81");
	check_timestamps(FAMILY(state), MSS "\x1e\x04\x01\x81" SACK TIMESTAMPS);
	check_timestamps(FAMILY(state), MSS SCALE
			 "\x1e\x0c\x10\x02\x01\x02\x03\x04\x05\x06\x07\x08" TIMESTAMPS);
	check_no_timestamps(FAMILY(state), MSS "\x1e\x0e\x01\x81" TIMESTAMPS);
}

static void timestamps_behind_the_end_of_the_list_do_not_count(void **state)
{
	check_no_timestamps(FAMILY(state), MSS END END TIMESTAMPS);
}

static void timestamps_behind_an_option_of_no_length_do_not_count(void **state)
{
	check_no_timestamps(FAMILY(state), "\xfd\x00" TIMESTAMPS);
	check_no_timestamps(FAMILY(state), "\xfd\x01" TIMESTAMPS);
}

static void timestamps_inside_another_option_do_not_count(void **state)
{
	check_no_timestamps(FAMILY(state), "\xfd\x0c" TIMESTAMPS);
	check_no_timestamps(FAMILY(state), "\xfd\x10\x00\x00" SACK TIMESTAMPS);
}

static void timestamps_of_a_wrong_length_do_not_count(void **state)
{
	check_no_timestamps(FAMILY(state), MSS "\x08\x09\x00\x00\x00\x01\x00\x00\x00" NOP);
	check_no_timestamps(FAMILY(state), MSS "\x08\x0c\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00");
}

static void timestamps_cut_by_the_header_do_not_count(void **state)
{
	check_no_timestamps(FAMILY(state), MSS NOP NOP "\x08\x0a");
	check_no_timestamps(FAMILY(state), MSS SACK "\x08\x0a\x00\x00\x00\x01");
}

static void an_option_that_leads_out_of_the_header_ends_the_list(void **state)
{
	check_no_timestamps(FAMILY(state), MSS "\xfd\xff\x00\x00" NOP NOP TIMESTAMPS);
}

static void payload_that_looks_like_timestamps_does_not_count(void **state)
{
	int v = FAMILY(state);

	given_router(ROUTER_OTHER);
	through_gateway(
		FRAME(FROM_FABRIC, FROM_CLIENT(v), PLAIN_SYN(), BYTES(NOP NOP TIMESTAMPS, 12)),
		GATEWAY_TO_ROUTER,
		FRAME(TO_NEXT, OUTER(v, IPPROTO_TCP, 80, .to = OTHER_SID), FORWARDED(v),
		      PLAIN_SYN(), BYTES(NOP NOP TIMESTAMPS, 12)));
}

GATEWAY_TESTS(IN_BOTH(no_options_are_no_timestamps),
	      IN_BOTH(timestamps_are_found_where_linux_writes_them),
	      IN_BOTH(timestamps_are_found_behind_two_nops),
	      IN_BOTH(timestamps_are_found_as_the_first_option),
	      IN_BOTH(timestamps_are_found_as_the_last_option),
	      IN_BOTH(timestamps_are_found_at_the_end_of_the_longest_header),
	      IN_BOTH(timestamps_are_found_behind_an_option_nobody_knows),
	      IN_BOTH(timestamps_are_found_beside_multipath_tcps_options),
	      IN_BOTH(timestamps_behind_the_end_of_the_list_do_not_count),
	      IN_BOTH(timestamps_behind_an_option_of_no_length_do_not_count),
	      IN_BOTH(timestamps_inside_another_option_do_not_count),
	      IN_BOTH(timestamps_of_a_wrong_length_do_not_count),
	      IN_BOTH(timestamps_cut_by_the_header_do_not_count),
	      IN_BOTH(an_option_that_leads_out_of_the_header_ends_the_list),
	      IN_BOTH(payload_that_looks_like_timestamps_does_not_count))
