/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/home.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "io/sysctl.h"

#define SWITCH_MAX 8

static const struct {
	const char *of_lo, *of_new_devices;
} switches[] = {
	{"net/ipv4/conf/lo/forwarding", "net/ipv4/conf/default/forwarding"},
	{"net/ipv6/conf/lo/forwarding", "net/ipv6/conf/default/forwarding"},
};

static int put(const char *path, const char *value)
{
	char present[SWITCH_MAX];
	int r = sysctl_read(path, present, sizeof(present));

	if (r == 0 && strcmp(present, value) != 0)
		r = sysctl_write(path, value);
	if (r < 0)
		log_error("%s: cannot be set to %s: %s", path, value, strerror(-r));
	return r;
}

int home_open(void)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		int r = put(switches[i].of_lo, "1");

		result = r < 0 ? r : result;
	}
	return result;
}

int home_close(void)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		char value[SWITCH_MAX];
		int r = sysctl_read(switches[i].of_new_devices, value, sizeof(value));

		if (r == 0)
			r = put(switches[i].of_lo, value);
		result = r < 0 ? r : result;
	}
	return result;
}
