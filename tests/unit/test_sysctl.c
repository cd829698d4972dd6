/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel settings: io/sysctl. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>

#include "io/sysctl.h"

static void a_setting_is_read_without_its_line_feed(void **state)
{
	char value[16];

	assert_int_equal(sysctl_read("kernel/ostype", value, sizeof(value)), 0);
	assert_string_equal(value, "Linux");
}

static void a_value_needs_room_for_its_end(void **state)
{
	char value[6] = "as is";

	assert_int_equal(sysctl_read("kernel/ostype", value, 5), -ENOBUFS);
	assert_string_equal(value, "as is");
	assert_int_equal(sysctl_read("kernel/ostype", value, 6), 0);
}

static void only_settings_can_be_reached(void **state)
{
	char value[16];

	assert_int_equal(sysctl_read("kernel/no_such_setting", value, sizeof(value)), -ENOENT);
	assert_int_equal(sysctl_read("/etc/hostname", value, sizeof(value)), -EINVAL);
	assert_int_equal(sysctl_read("../version", value, sizeof(value)), -EINVAL);
	assert_int_equal(sysctl_write("../version", "1"), -EINVAL);
}

static void a_written_value_is_read_back_and_a_wrong_one_refused(void **state)
{
	const char *path = "net/ipv4/conf/all/rp_filter";
	char value[16];

	if (unshare(CLONE_NEWNET) < 0)
		skip();
	assert_int_equal(sysctl_write(path, "2"), 0);
	assert_int_equal(sysctl_read(path, value, sizeof(value)), 0);
	assert_string_equal(value, "2");
	assert_int_equal(sysctl_write(path, "0"), 0);
	assert_int_equal(sysctl_read(path, value, sizeof(value)), 0);
	assert_string_equal(value, "0");
	assert_int_equal(sysctl_write(path, "loose"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_setting_is_read_without_its_line_feed),
		cmocka_unit_test(a_value_needs_room_for_its_end),
		cmocka_unit_test(only_settings_can_be_reached),
		cmocka_unit_test(a_written_value_is_read_back_and_a_wrong_one_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
