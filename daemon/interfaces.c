/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/interfaces.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

struct interface {
	char name[IF_NAMESIZE];
	unsigned int index; /* 0: it is missing, and that was said */
};

struct interfaces {
	struct interface *list;
	size_t n;
};

struct interfaces *interfaces_new(void)
{
	return calloc(1, sizeof(struct interfaces));
}

struct interfaces *interfaces_free(struct interfaces *interfaces)
{
	if (!interfaces)
		return NULL;
	free(interfaces->list);
	free(interfaces);
	return NULL;
}

static struct interface *find(const struct interfaces *interfaces, const char *name)
{
	for (size_t i = 0; i < interfaces->n; i++)
		if (strncmp(interfaces->list[i].name, name, IF_NAMESIZE - 1) == 0)
			return &interfaces->list[i];
	return NULL;
}

static void note(struct interfaces *interfaces, const char *name, unsigned int index)
{
	struct interface *known = find(interfaces, name), *list;

	if (!known) {
		list = reallocarray(interfaces->list, interfaces->n + 1, sizeof(*list));
		if (!list)
			return;
		interfaces->list = list;
		known = &list[interfaces->n++];
		*known = (struct interface){};
		strncpy(known->name, name, sizeof(known->name) - 1);
	}
	known->index = index;
}

char *interfaces_came(struct interfaces *interfaces, char *const *names, size_t n,
		      interfaces_index_fn index)
{
	for (size_t i = 0; i < n; i++) {
		const struct interface *known = find(interfaces, names[i]);
		unsigned int now = index(names[i]);

		if (known && known->index == now)
			continue;
		note(interfaces, names[i], now);
		if (now)
			return names[i];
	}
	return NULL;
}

size_t interfaces_there(struct interfaces *interfaces, char *const *names, size_t n, const char *what,
			interfaces_index_fn index, char **ret)
{
	size_t there = 0;

	for (size_t i = 0; i < n; i++) {
		const struct interface *known = find(interfaces, names[i]);
		unsigned int now = index(names[i]);
		bool said = known && !known->index;

		note(interfaces, names[i], now);
		if (now)
			ret[there++] = names[i];
		else if (!said)
			log_warning("%s: there is no such interface; %s attached when it comes",
				    names[i], what);
	}
	return there;
}
