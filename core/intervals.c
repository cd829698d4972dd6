/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/intervals.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

static uint32_t rule_begin(const struct port_rule *rule)
{
	return (uint32_t)rule->protocol << 16 | rule->first;
}

static uint32_t rule_end(const struct port_rule *rule) /* the first point behind it */
{
	return ((uint32_t)rule->protocol << 16 | rule->last) + 1;
}

static int point_compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static const struct port_rule *narrowest(const struct port_rule *rules, size_t n, uint32_t point)
{
	const struct port_rule *best = NULL;

	for (size_t i = 0; i < n; i++) {
		if (point < rule_begin(&rules[i]) || point >= rule_end(&rules[i]))
			continue;
		if (!best || rules[i].last - rules[i].first < best->last - best->first)
			best = &rules[i];
	}
	return best;
}

int intervals_flatten(const struct port_rule *rules, size_t n, struct interval **ret, size_t *ret_n)
{
	_cleanup_free_ uint32_t *points = calloc(2 * n + 1, sizeof(*points));
	_cleanup_free_ struct interval *list = calloc(2 * n + 1, sizeof(*list));
	size_t n_list = 0;

	if (!points || !list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		points[2 * i] = rule_begin(&rules[i]);
		points[2 * i + 1] = rule_end(&rules[i]);
	}
	qsort(points, 2 * n, sizeof(*points), point_compare);

	/* Between two neighbouring points no rule begins or ends. */
	for (size_t i = 0; i + 1 < 2 * n; i++) {
		const struct port_rule *rule = narrowest(rules, n, points[i]);
		struct interval *previous = n_list ? &list[n_list - 1] : NULL;

		if (!rule || points[i] == points[i + 1])
			continue;
		if (previous && previous->service == rule->service &&
		    previous->last + 1 == points[i])
			previous->last = points[i + 1] - 1;
		else
			list[n_list++] = (struct interval){
				.first = points[i],
				.last = points[i + 1] - 1,
				.service = rule->service,
			};
	}
	*ret = n ? take(list) : NULL;
	*ret_n = n_list;
	return 0;
}
