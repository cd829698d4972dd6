/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/nodes.h"

#define NODE(name, role, site, more)                                                               \
	"{\"node\": \"" name "\", \"role\": \"" role "\", \"site\": \"" site                         \
	"\", \"revision\": 34, \"version\": \"1\", \"since\": 940" more "}"

static char *printed(const char *list)
{
	json_t *nodes = json_loads(list, 0, NULL);
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(nodes);
	print_nodes(nodes, 1000, to);
	fclose(to);
	json_decref(nodes);
	return text;
}

static void a_row_tells_what_a_node_sees(void **state)
{
	char *text = printed("[" NODE("gw1", "gateway", "west",
				      ", \"generation\": \"9f3a2b11\", \"members\": 6, \"open\": 6, \"closed\": \"\", "
				      "\"connections\": 1200, \"opened_per_s\": 40, \"cpu\": 0.12") "]");

	assert_non_null(strstr(text, "gw1   gateway  west        34  9f3a2b11     6/6         1200     40  12 %   60 s  1"));
	assert_null(strstr(text, "not open"));
	free(text);
}

static void what_a_node_does_not_tell_is_a_dash(void **state)
{
	char *text = printed("[" NODE("w1", "agent", "west", "") "]");

	assert_non_null(strstr(text, "w1    agent  west        34  -              -            -      -    -   60 s  1"));
	free(text);
}

static void closed_backends_are_named_by_who_has_closed_them(void **state)
{
	char *text = printed("[" NODE("gw1", "gateway", "west",
				      ", \"generation\": \"1\", \"members\": 6, \"open\": 5, \"closed\": \"web/w1\"") "]");

	assert_non_null(strstr(text, "\ngw1: not open: web/w1\n"));
	free(text);
}

static void who_is_drained_is_told(void **state)
{
	char *text = printed("[" NODE("gw1", "gateway", "west", ", \"drain\": \"leaving\"") ","
			     NODE("gw2", "gateway", "west", ", \"closed\": \"web/w1\", \"drain\": \"left\"") ","
			     NODE("gw3", "gateway", "west", ", \"drain\": \"none\"") "]");

	assert_non_null(strstr(text, "\ngw1: draining, clients' traffic has not left\n"));
	assert_non_null(strstr(text, "\ngw2: not open: web/w1; drained, its VIPs are withdrawn\n"));
	assert_null(strstr(text, "gw3:"));
	free(text);
}

static void gateways_of_a_site_with_other_rows_are_told(void **state)
{
	char *text = printed("[" NODE("gw1", "gateway", "west", ", \"generation\": \"1\"") ","
			     NODE("gw2", "gateway", "west", ", \"generation\": \"2\"") ","
			     NODE("ge1", "gateway", "east", ", \"generation\": \"3\"") ","
			     NODE("w1", "agent", "west", "") "]");

	assert_non_null(strstr(text, "gw1: other rows than another gateway of west\n"));
	assert_non_null(strstr(text, "gw2: other rows than another gateway of west\n"));
	assert_null(strstr(text, "ge1:"));
	assert_null(strstr(text, "w1: other rows than another gateway of west\nw1"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_tells_what_a_node_sees),
		cmocka_unit_test(what_a_node_does_not_tell_is_a_dash),
		cmocka_unit_test(closed_backends_are_named_by_who_has_closed_them),
		cmocka_unit_test(who_is_drained_is_told),
		cmocka_unit_test(gateways_of_a_site_with_other_rows_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
