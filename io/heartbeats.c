/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/heartbeats.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "io/datagrams.h"

struct heartbeats {
	struct datagrams *datagrams;
	heartbeats_heard_fn heard;
	void *userdata;
	struct prefix infrastructure;
	struct siphash_key key;
	struct heartbeat_sealed sealed; /* what is being sealed, or looked at */
	uint64_t forged, outside;
};

static bool is_authentic(struct heartbeats *heartbeats, const union address *from,
			 const struct heartbeat *message, size_t size)
{
	struct heartbeat_sealed *sealed = &heartbeats->sealed;

	if (size < HEARTBEAT_BYTES(0) || size > sizeof(*message) || size % sizeof(uint64_t) ||
	    message->magic != HEARTBEAT_MAGIC)
		return false;
	sealed->source = *from;
	sealed->destination = *datagrams_at(heartbeats->datagrams);
	memcpy(&sealed->message, message, size);
	return message->tag == heartbeat_tag(sealed, size, &heartbeats->key);
}

static void on_message(const void *message, size_t size, const union address *from, void *userdata)
{
	struct heartbeats *heartbeats = userdata;

	if (!heartbeats->heard)
		return;
	if (!prefix_holds(&heartbeats->infrastructure, from))
		heartbeats->outside++;
	else if (!is_authentic(heartbeats, from, message, size))
		heartbeats->forged++;
	else
		heartbeats->heard(message, size, heartbeats->userdata);
}

int heartbeats_new(sd_event *event, heartbeats_heard_fn heard, void *userdata,
		   struct heartbeats **ret)
{
	struct heartbeats *heartbeats = calloc(1, sizeof(*heartbeats));
	int r;

	if (!heartbeats)
		return -ENOMEM;
	r = datagrams_new(event, HEARTBEAT_PROTOCOL, on_message, heartbeats, &heartbeats->datagrams);
	if (r < 0) {
		heartbeats_free(heartbeats);
		return r;
	}
	heartbeats->heard = heard;
	heartbeats->userdata = userdata;
	*ret = heartbeats;
	return 0;
}

struct heartbeats *heartbeats_free(struct heartbeats *heartbeats)
{
	if (!heartbeats)
		return NULL;
	datagrams_free(heartbeats->datagrams);
	explicit_bzero(&heartbeats->key, sizeof(heartbeats->key));
	free(heartbeats);
	return NULL;
}

int heartbeats_bind(struct heartbeats *heartbeats, const struct prefix *infrastructure,
		    const union address *address, const struct siphash_key *key)
{
	heartbeats->infrastructure = *infrastructure;
	heartbeats->key = *key;
	return address ? datagrams_bind_at(heartbeats->datagrams, address)
		       : datagrams_bind(heartbeats->datagrams, infrastructure);
}

int heartbeats_send(struct heartbeats *heartbeats, const union address *to,
		    const struct heartbeat *message)
{
	const union address *source = datagrams_at(heartbeats->datagrams);
	struct heartbeat_sealed *sealed = &heartbeats->sealed;
	size_t size = HEARTBEAT_BYTES(message->count);

	if (!source)
		return -ENOTCONN;
	sealed->source = *source;
	sealed->destination = *to;
	memcpy(&sealed->message, message, size);
	sealed->message.magic = HEARTBEAT_MAGIC;
	sealed->message.version = HEARTBEAT_VERSION;
	sealed->message.tag = heartbeat_tag(sealed, size, &heartbeats->key);
	return datagrams_send(heartbeats->datagrams, to, &sealed->message, size);
}

void heartbeats_take(struct heartbeats *heartbeats)
{
	datagrams_take(heartbeats->datagrams);
}

uint64_t heartbeats_forged(const struct heartbeats *heartbeats)
{
	return heartbeats->forged;
}

uint64_t heartbeats_outside(const struct heartbeats *heartbeats)
{
	return heartbeats->outside;
}
