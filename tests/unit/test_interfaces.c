/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "daemon/interfaces.h"

#define N 2

static char *const names[N] = {"eth0", "eth1"};
static unsigned int indexes[N]; /* the host's, 0: missing */

static unsigned int index_of(const char *name)
{
	for (size_t i = 0; i < N; i++)
		if (strcmp(name, names[i]) == 0)
			return indexes[i];
	return 0;
}

static void have(unsigned int eth0, unsigned int eth1)
{
	indexes[0] = eth0;
	indexes[1] = eth1;
}

static char *came(struct interfaces *interfaces)
{
	return interfaces_came(interfaces, names, N, index_of);
}

static void only_those_that_are_there_are_worked_with(void **state)
{
	struct interfaces *interfaces = interfaces_new();
	char *there[N];

	have(0, 7);
	assert_int_equal(interfaces_there(interfaces, names, N, "it is", index_of, there), 1);
	assert_ptr_equal(there[0], names[1]);
	assert_null(came(interfaces));
	have(0, 0);
	assert_int_equal(interfaces_there(interfaces, names, N, "it is", index_of, there), 0);
	interfaces_free(interfaces);
}

static void a_missing_one_comes_once(void **state)
{
	struct interfaces *interfaces = interfaces_new();
	char *there[N];

	have(0, 7);
	interfaces_there(interfaces, names, N, "it is", index_of, there);
	have(8, 7);
	assert_ptr_equal(came(interfaces), names[0]);
	assert_null(came(interfaces));
	interfaces_free(interfaces);
}

static void one_that_is_made_anew_comes_again(void **state)
{
	struct interfaces *interfaces = interfaces_new();
	char *there[N];

	have(6, 7);
	interfaces_there(interfaces, names, N, "it is", index_of, there);
	have(6, 9); /* so quickly that nobody saw it missing */
	assert_ptr_equal(came(interfaces), names[1]);
	assert_null(came(interfaces));
	have(0, 9);
	assert_null(came(interfaces));
	have(6, 9); /* under its old index, after it was seen missing */
	assert_ptr_equal(came(interfaces), names[0]);
	assert_null(came(interfaces));
	interfaces_free(interfaces);
}

static void several_come_one_after_the_other(void **state)
{
	struct interfaces *interfaces = interfaces_new();

	have(6, 7);
	assert_ptr_equal(came(interfaces), names[0]);
	assert_ptr_equal(came(interfaces), names[1]);
	assert_null(came(interfaces));
	interfaces_free(interfaces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_those_that_are_there_are_worked_with),
		cmocka_unit_test(a_missing_one_comes_once),
		cmocka_unit_test(one_that_is_made_anew_comes_again),
		cmocka_unit_test(several_come_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
