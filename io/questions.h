/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Questions of who has a connection, and answers (wire/whohas.h), on an event loop: both go out of one
 * raw socket (IPv6, protocol 254, RFC 3692), answers come back to it through the host's stack. What comes
 * without a right tag is not told.
 */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "base/address.h"
#include "wire/whohas.h"

struct questions;

/* An authentic answer came; whether anybody asked is the caller's to know. It may not free the questions. */
typedef void (*questions_answer_fn)(const struct whohas *answer, void *userdata);

int questions_new(sd_event *event, questions_answer_fn answered, void *userdata,
		  struct questions **ret);
struct questions *questions_free(struct questions *questions);

/* From now on from an address of this host in the prefix, as source_choose, and under this key. */
int questions_bind(struct questions *questions, const struct prefix *infrastructure,
		   const struct siphash_key *key);

/*
 * Sends a message to a SID, or to who asked, with its magic and tag filled in. 0, or a negative errno:
 * -ENOTCONN without questions_bind, -ENETUNREACH ...
 */
int questions_send(struct questions *questions, const union address *to, struct whohas message);

/* Messages that came with a wrong tag, or were none. */
uint64_t questions_forged(const struct questions *questions);
