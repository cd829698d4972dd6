/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What programs are loaded with, compared: any difference loads them anew. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "core/diff_parts.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* Parts of the settings, for people; what has no row here still reloads the programs. */
struct setting {
	const char *name;
	size_t offset, size;
};

#define SETTING(object, field, words)                                                              \
	{                                                                                          \
		words, offsetof(struct object, field), sizeof(((struct object *)0)->field)         \
	}

static const struct setting gateway_rows[] = {
	SETTING(gateway_settings, key, "flow hash key"),
	SETTING(gateway_settings, infrastructure, "infrastructure"),
	SETTING(gateway_settings, route, "router SID"),
	SETTING(gateway_settings, site, "site SID"),
	SETTING(gateway_settings, cookie, "cookie keys"),
	SETTING(gateway_settings, vip_prefixes, "VIPs that are networks"),
	SETTING(gateway_settings, pins, "pin table"),
};

static const struct setting agent_rows[] = {
	SETTING(agent_settings, infrastructure, "infrastructure"),
	SETTING(agent_settings, accept, "SID"),
	SETTING(agent_settings, cookie, "cookie keys"),
	SETTING(agent_settings, mss_v4, "MSS (IPv4)"),
	SETTING(agent_settings, mss_v6, "MSS (IPv6)"),
	SETTING(agent_settings, mtu, "MTU"),
	SETTING(agent_settings, vip_prefixes, "VIPs that are networks"),
};

static int compare_rows(struct diff *diff, const struct setting *rows, size_t n, const char *before,
			const char *after)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct diff_change change = {.about = DIFF_SETTING, .what = DIFF_CHANGED};

		if (memcmp(before + rows[i].offset, after + rows[i].offset, rows[i].size) == 0)
			continue;
		snprintf(change.name, sizeof(change.name), "%s", rows[i].name);
		r = diff_add(diff, &change);
	}
	return r;
}

int diff_settings(struct diff *diff, const struct diff_side *before, const struct diff_side *after)
{
	if (after->agent) {
		diff->reload = memcmp(before->agent, after->agent, sizeof(*after->agent)) != 0;
		return compare_rows(diff, agent_rows, LENGTH(agent_rows),
				    (const char *)before->agent, (const char *)after->agent);
	}
	diff->reload = memcmp(before->gateway, after->gateway, sizeof(*after->gateway)) != 0;
	return compare_rows(diff, gateway_rows, LENGTH(gateway_rows), (const char *)before->gateway,
			    (const char *)after->gateway);
}
