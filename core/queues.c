/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/queues.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#define PERMILLE 1000

struct queue {
	uint32_t listeners, waiting, room; /* in the present look */
	uint16_t share;			   /* by the last one */
	bool listens, listened;
};

struct queues {
	const struct plan *plan;
	struct queue *list; /* of the plan's services */
};

int queues_new(const struct plan *plan, struct queues **ret)
{
	struct queues *queues = calloc(1, sizeof(*queues));

	if (!queues)
		return -ENOMEM;
	queues->plan = plan;
	queues->list = calloc(plan->n_services + 1, sizeof(*queues->list));
	if (!queues->list) {
		queues_free(queues);
		return -ENOMEM;
	}
	*ret = queues;
	return 0;
}

struct queues *queues_free(struct queues *queues)
{
	if (!queues)
		return NULL;
	free(queues->list);
	free(queues);
	return NULL;
}

void queues_begin(struct queues *queues)
{
	for (size_t i = 0; i < queues->plan->n_services; i++)
		queues->list[i].listeners = queues->list[i].waiting = queues->list[i].room = 0;
}

/* All addresses of IPv6 are all of IPv4, too, unless the socket is for IPv6 only, and then another one is. */
static bool is_everywhere(const union address *local)
{
	static const union address none;
	union address none_v4;

	address_from_v4(&none_v4, 0);
	return address_equal(local, &none) || address_equal(local, &none_v4);
}

static bool listens_for(const struct config_service *service, const union address *local,
			uint16_t port)
{
	if (service->protocol != IPPROTO_TCP || port < service->port_first ||
	    port > service->port_last)
		return false;
	if (is_everywhere(local))
		return true;
	for (size_t i = 0; i < service->n_vips; i++)
		if (network_holds(&service->vips[i], local))
			return true;
	return false;
}

void queues_add(struct queues *queues, const union address *local, uint16_t port, uint32_t waiting,
		uint32_t room)
{
	for (size_t i = 0; i < queues->plan->n_services; i++) {
		struct queue *queue = &queues->list[i];

		if (!listens_for(queues->plan->services[i].config, local, port))
			continue;
		queue->listeners++;
		queue->waiting += waiting;
		queue->room += room;
	}
}

void queues_end(struct queues *queues)
{
	for (size_t i = 0; i < queues->plan->n_services; i++) {
		struct queue *queue = &queues->list[i];
		uint64_t share = queue->room ? (uint64_t)queue->waiting * PERMILLE / queue->room : 0;

		queue->listens = queue->listeners;
		queue->listened |= queue->listens;
		queue->share = share < PERMILLE ? share : PERMILLE;
	}
}

bool queues_of(const struct queues *queues, size_t service, uint16_t *ret)
{
	if (!queues->list[service].listens)
		return false;
	*ret = queues->list[service].share;
	return true;
}

bool queues_gone(const struct queues *queues, size_t service)
{
	return queues->list[service].listened && !queues->list[service].listens;
}
