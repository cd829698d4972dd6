/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "lab/load/message.h"

#include <stddef.h>
#include <string.h>

#include "lab/load/stream.h"

static __be64 check_of(const struct message *message, uint64_t key)
{
	uint64_t words[offsetof(struct message, check) / sizeof(uint64_t)];

	memcpy(words, message, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		key = stream_mix(key ^ words[i]);
	return htobe64(key);
}

void message_seal(struct message *message, uint64_t key)
{
	message->magic = htobe32(MESSAGE_MAGIC);
	message->check = check_of(message, key);
}

bool message_is_good(const struct message *message, uint64_t key)
{
	return message->magic == htobe32(MESSAGE_MAGIC) &&
	       message->check == check_of(message, key) &&
	       message->name[MESSAGE_NAME_MAX - 1] == '\0';
}
