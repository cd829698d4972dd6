/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/trace.h"

static void expect_line(json_t *event, const char *wanted)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	trace_print(event, to);
	fclose(to);
	json_decref(event);
	assert_string_equal(text, wanted);
}

static void a_segment_is_a_line_with_its_flags_as_tcpdump_writes_them(void **state)
{
	expect_line(json_pack("{s:f s:s s:i s:s s:s s:i s:i}", "time", 12.5, "verdict", "picked",
			      "protocol", 6, "client", "192.0.2.1:40000", "vip", "198.51.100.80:80",
			      "bytes", 74, "tcp_flags", 0x12),
		    "12.500000  picked          tcp  192.0.2.1:40000 > 198.51.100.80:80  74 bytes  S.\n");
}

static void a_datagram_has_no_flags(void **state)
{
	expect_line(json_pack("{s:f s:s s:i s:s s:s s:i s:i}", "time", 0.000001, "verdict",
			      "no-service", "protocol", 17, "client", "[2001:db8::1]:5", "vip",
			      "[2001:db8::2]:53", "bytes", 90, "tcp_flags", 0),
		    "0.000001  no-service      udp  [2001:db8::1]:5 > [2001:db8::2]:53  90 bytes\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_segment_is_a_line_with_its_flags_as_tcpdump_writes_them),
		cmocka_unit_test(a_datagram_has_no_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
