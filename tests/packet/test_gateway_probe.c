/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The probe by which gateways watch each other (wire/probe.h): whom the gateway answers, and what. */
#include <arpa/inet.h>
#include <endian.h>
#include <string.h>
#include <time.h>

#include "tests/packet/gateway_world.h"
#include "wire/probe.h"
#include "wire/srv6.h"

#define PROBE_SID "fdf0:0:0:1:f00e::"
#define ASKER "fdf0:0:0:2::9"
#define OUTSIDER "2001:db8:c::7"

#define QUESTION(source, ...)                                                                      \
	FRAME(FROM_FABRIC,                                                                         \
	      IPV6(.from = (source), .to = PROBE_SID, .next = PROBE_PROTOCOL, .label = 0x12345),   \
	      __VA_ARGS__)

static struct probe question_of(uint64_t fingerprint)
{
	return (struct probe){.magic = PROBE_MAGIC,
			      .kind = PROBE_QUESTION,
			      .token = 0xfeedfacecafebeef,
			      .fingerprint = fingerprint};
}

static int64_t tai_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_TAI, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Where the probe stands in a frame with so many bytes of Ethernet header and tags. */
static struct probe probe_in(const struct frame *frame, size_t link)
{
	struct probe probe;

	memcpy(&probe, frame->bytes + link + sizeof(struct outer_header), sizeof(probe));
	return probe;
}

/* The clock is the kernel's, so it alone is taken from the answer that came. */
static struct probe answer_to(const struct probe *question, const struct probe *came)
{
	struct probe answer = *question;

	answer.tai_ns = came->tai_ns;
	answer.kind = PROBE_ANSWER;
	answer.layout = htons(LAYOUT_VERSION);
	answer.fingerprint = FINGERPRINT;
	answer.infrastructure = prefix_of(INFRASTRUCTURE, INFRASTRUCTURE_BITS);
	return answer;
}

static void is_answered(uint64_t fingerprint, size_t padding)
{
	struct probe question = question_of(fingerprint), came, answer;
	struct frame in = QUESTION(ASKER, BYTES(&question, sizeof(question)), PAYLOAD(padding));
	struct frame out, wanted;
	int64_t before = tai_ns();

	assert_int_equal(gateway_run(&in, &out), GATEWAY_PROBED);
	came = probe_in(&out, 14);
	assert_in_range(be64toh(came.tai_ns), before, tai_ns());
	answer = answer_to(&question, &came);
	wanted = FRAME(
		TO_FABRIC,
		IPV6(.from = PROBE_SID, .to = ASKER, .next = PROBE_PROTOCOL, .label = 0x12345),
		BYTES(&answer, sizeof(answer)), PAYLOAD(padding));
	frame_check(&out, &wanted, __FILE__, __LINE__);
}

static void a_question_from_the_infrastructure_is_answered(void **state)
{
	is_answered(FINGERPRINT, 0);
}

static void another_secret_is_told_ours_apart_from_its_own(void **state)
{
	is_answered(7, 0);
}

static void the_answer_is_as_long_as_the_question(void **state)
{
	is_answered(FINGERPRINT, 1500 - 40 - sizeof(struct probe));
}

static void the_answer_goes_back_with_the_tag_of_the_question(void **state)
{
	struct probe question = question_of(FINGERPRINT), came, answer;
	struct frame in =
		FRAME(FROM_FABRIC, VLAN(.tag = 5),
		      IPV6(.from = ASKER, .to = PROBE_SID, .next = PROBE_PROTOCOL, .hop_limit = 3),
		      BYTES(&question, sizeof(question)));
	struct frame out, wanted;

	assert_int_equal(gateway_run(&in, &out), GATEWAY_PROBED);
	came = probe_in(&out, 18);
	answer = answer_to(&question, &came);
	wanted = FRAME(TO_FABRIC, VLAN(.tag = 5),
		       IPV6(.from = PROBE_SID, .to = ASKER, .next = PROBE_PROTOCOL),
		       BYTES(&answer, sizeof(answer)));
	frame_check(&out, &wanted, __FILE__, __LINE__);
}

static void nobody_outside_is_answered_even_with_the_fingerprint(void **state)
{
	struct probe question = question_of(FINGERPRINT);

	through_gateway(QUESTION(OUTSIDER, BYTES(&question, sizeof(question))), GATEWAY_OUTSIDE_SID,
			NOTHING);
}

static void an_answer_is_not_answered(void **state)
{
	struct probe answer = question_of(FINGERPRINT);

	answer.kind = PROBE_ANSWER;
	through_gateway(QUESTION(ASKER, BYTES(&answer, sizeof(answer))), GATEWAY_MALFORMED, NOTHING);
}

static void what_is_no_probe_is_dropped(void **state)
{
	struct probe question = question_of(FINGERPRINT);

	through_gateway(QUESTION(ASKER, PAYLOAD(64)), GATEWAY_MALFORMED, NOTHING);
	through_gateway(QUESTION(ASKER, BYTES(&question, sizeof(question) - 1)), GATEWAY_MALFORMED,
			NOTHING);
	through_gateway(FRAME(FROM_FABRIC, IPV6(.from = ASKER, .to = PROBE_SID, .next = 59),
			      BYTES(&question, sizeof(question))),
			GATEWAY_MALFORMED, NOTHING);
}

static void the_probe_sid_of_another_gateway_is_left_to_the_host(void **state)
{
	struct probe question = question_of(FINGERPRINT);

	through_gateway(
		FRAME(FROM_FABRIC,
		      IPV6(.from = ASKER, .to = "fdf0:0:0:2:f00e::", .next = PROBE_PROTOCOL),
		      BYTES(&question, sizeof(question))),
		GATEWAY_NOT_OURS, UNCHANGED);
}

/* What we asked of others comes back to an address of ours that is no SID. */
static void an_answer_to_our_own_question_is_left_to_the_host(void **state)
{
	struct probe answer = question_of(FINGERPRINT);

	answer.kind = PROBE_ANSWER;
	through_gateway(FRAME(FROM_FABRIC,
			      IPV6(.from = "fdf0:0:0:2:f00e::", .to = "fdf0:0:0:1::9",
				   .next = PROBE_PROTOCOL),
			      BYTES(&answer, sizeof(answer))),
			GATEWAY_NOT_OURS, UNCHANGED);
}

GATEWAY_TESTS(ONCE(a_question_from_the_infrastructure_is_answered),
	      ONCE(another_secret_is_told_ours_apart_from_its_own),
	      ONCE(the_answer_is_as_long_as_the_question),
	      ONCE(the_answer_goes_back_with_the_tag_of_the_question),
	      ONCE(nobody_outside_is_answered_even_with_the_fingerprint),
	      ONCE(an_answer_is_not_answered), ONCE(what_is_no_probe_is_dropped),
	      ONCE(the_probe_sid_of_another_gateway_is_left_to_the_host),
	      ONCE(an_answer_to_our_own_question_is_left_to_the_host))
