/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "io/questions.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "io/datagrams.h"

struct questions {
	struct datagrams *datagrams;
	questions_answer_fn answered;
	void *userdata;
	struct siphash_key key;
	uint64_t forged;
};

static bool is_authentic(const struct questions *questions, const union address *from,
			 const struct whohas *message)
{
	struct whohas_sealed sealed = {.source = *from,
				       .destination = *datagrams_at(questions->datagrams),
				       .message = *message};

	return message->magic == WHOHAS_MAGIC && message->kind == WHOHAS_ANSWER &&
	       message->tag == whohas_tag(&sealed, &questions->key);
}

static void on_message(const void *bytes, size_t size, const union address *from, void *userdata)
{
	struct questions *questions = userdata;
	const struct whohas *message = bytes;

	if (size == sizeof(*message) && is_authentic(questions, from, message))
		questions->answered(message, questions->userdata);
	else
		questions->forged++;
}

int questions_new(sd_event *event, questions_answer_fn answered, void *userdata,
		  struct questions **ret)
{
	struct questions *questions = calloc(1, sizeof(*questions));
	int r;

	if (!questions)
		return -ENOMEM;
	r = datagrams_new(event, WHOHAS_PROTOCOL, on_message, questions, &questions->datagrams);
	if (r < 0) {
		questions_free(questions);
		return r;
	}
	questions->answered = answered;
	questions->userdata = userdata;
	*ret = questions;
	return 0;
}

struct questions *questions_free(struct questions *questions)
{
	if (!questions)
		return NULL;
	datagrams_free(questions->datagrams);
	explicit_bzero(&questions->key, sizeof(questions->key));
	free(questions);
	return NULL;
}

uint64_t questions_forged(const struct questions *questions)
{
	return questions->forged;
}

int questions_bind(struct questions *questions, const struct prefix *infrastructure,
		   const struct siphash_key *key)
{
	questions->key = *key;
	return datagrams_bind(questions->datagrams, infrastructure);
}

int questions_send(struct questions *questions, const union address *to, struct whohas message)
{
	const union address *source = datagrams_at(questions->datagrams);
	struct whohas_sealed sealed = {.destination = *to, .message = message};

	if (!source)
		return -ENOTCONN;
	sealed.source = *source;
	sealed.message.magic = WHOHAS_MAGIC;
	sealed.message.tag = whohas_tag(&sealed, &questions->key);
	return datagrams_send(questions->datagrams, to, &sealed.message, sizeof(sealed.message));
}
