/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/whohas.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum state {
	STATE_WAITING, /* not asked yet */
	STATE_ASKED,
	STATE_NO,
	STATE_CLOSED,
	STATE_SILENT,
	STATE_DEAD,
};

struct question {
	struct whohas_target target;
	enum state state;
	unsigned int tries;
	uint64_t late_us; /* when no answer is a loss */
	uint16_t backend; /* that STATE_CLOSED is about */
};

struct inquiry {
	uint16_t claimed; /* 0: nobody has */
	size_t n, room;
	struct question *questions;
};

static void question_fill(struct question *question, const struct whohas_target *target)
{
	*question = (struct question){
		.target = *target,
		.state = target->dead ? STATE_DEAD : STATE_WAITING,
	};
}

struct inquiry *inquiry_new(const struct whohas_target *targets, size_t n)
{
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry));

	if (!inquiry)
		return NULL;
	inquiry->room = n + 2; /* for what pins add */
	inquiry->questions = calloc(inquiry->room, sizeof(*inquiry->questions));
	if (!inquiry->questions)
		return inquiry_free(inquiry);
	for (size_t i = 0; i < n; i++)
		question_fill(&inquiry->questions[i], &targets[i]);
	inquiry->n = n;
	return inquiry;
}

struct inquiry *inquiry_free(struct inquiry *inquiry)
{
	if (!inquiry)
		return NULL;
	free(inquiry->questions);
	free(inquiry);
	return NULL;
}

static bool is_open(const struct question *question)
{
	return question->state == STATE_WAITING || question->state == STATE_ASKED;
}

static uint64_t timeout_us(const struct question *question)
{
	return question->target.later ? WHOHAS_SITE_TIMEOUT_US : WHOHAS_TIMEOUT_US;
}

static unsigned int tries_max(const struct question *question)
{
	return question->target.later ? WHOHAS_SITE_TRIES : WHOHAS_TRIES;
}

/* Who is asked later, and who may be asked now. */
static bool near_ones_open(const struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->n; i++)
		if (!inquiry->questions[i].target.later && is_open(&inquiry->questions[i]))
			return true;
	return false;
}

static size_t asked_now(const struct inquiry *inquiry, uint64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < inquiry->n; i++)
		n += inquiry->questions[i].state == STATE_ASKED &&
		     inquiry->questions[i].late_us > now_us;
	return n;
}

static void judge_silence(struct inquiry *inquiry, uint64_t now_us)
{
	for (size_t i = 0; i < inquiry->n; i++) {
		struct question *question = &inquiry->questions[i];

		if (question->state == STATE_ASKED && question->late_us <= now_us &&
		    question->tries >= tries_max(question))
			question->state = STATE_SILENT;
	}
}

int inquiry_ask(struct inquiry *inquiry, uint64_t now_us, struct whohas_target *ret_target,
		unsigned int *ret_try)
{
	bool near_open;

	judge_silence(inquiry, now_us);
	near_open = near_ones_open(inquiry);
	if (inquiry->claimed || asked_now(inquiry, now_us) >= WHOHAS_AT_ONCE)
		return -EAGAIN;
	for (size_t i = 0; i < inquiry->n; i++) {
		struct question *question = &inquiry->questions[i];

		if (!is_open(question) || (question->target.later && near_open) ||
		    (question->state == STATE_ASKED && question->late_us > now_us))
			continue;
		question->state = STATE_ASKED;
		question->late_us = now_us + timeout_us(question);
		*ret_target = question->target;
		*ret_try = question->tries++;
		return i;
	}
	return -EAGAIN;
}

/* A pin tells whom to ask, unless he is asked anyway: pins are of the past. */
static void add_backend(struct inquiry *inquiry, uint16_t backend)
{
	for (size_t i = 0; i < inquiry->n; i++)
		if (inquiry->questions[i].target.kind == WHOHAS_BACKEND &&
		    inquiry->questions[i].target.number == backend)
			return;
	if (backend && inquiry->n < inquiry->room)
		question_fill(&inquiry->questions[inquiry->n++],
			      &(struct whohas_target){.kind = WHOHAS_BACKEND, .number = backend});
}

void inquiry_answer(struct inquiry *inquiry, uint32_t number, enum whohas_answer answer,
		    uint16_t backend)
{
	struct question *question;

	if (number >= inquiry->n || inquiry->claimed)
		return;
	question = &inquiry->questions[number];
	if (question->state != STATE_ASKED && question->state != STATE_SILENT)
		return;
	switch (answer) {
	case WHOHAS_MINE:
		inquiry->claimed = backend;
		break;
	case WHOHAS_CLOSED:
		question->state = STATE_CLOSED;
		question->backend = backend;
		break;
	case WHOHAS_PINNED:
		question->state = STATE_NO;
		add_backend(inquiry, backend);
		break;
	case WHOHAS_NOT_MINE:
		question->state = STATE_NO;
		break;
	}
}

enum whohas_outcome inquiry_outcome(const struct inquiry *inquiry, struct whohas_claim *ret)
{
	bool silent = false;
	uint16_t closed = 0;

	if (inquiry->claimed) {
		*ret = (struct whohas_claim){.backend = inquiry->claimed};
		return WHOHAS_CLAIMED;
	}
	for (size_t i = 0; i < inquiry->n; i++) {
		const struct question *question = &inquiry->questions[i];

		if (is_open(question))
			return WHOHAS_OPEN;
		silent |= question->state == STATE_SILENT;
		if (question->state == STATE_CLOSED && !closed)
			closed = question->backend;
	}
	if (silent)
		return WHOHAS_SILENT;
	if (!closed)
		return WHOHAS_DENIED;
	*ret = (struct whohas_claim){.backend = closed, .closed = true};
	return WHOHAS_CLAIMED;
}

uint64_t inquiry_due_us(const struct inquiry *inquiry, uint64_t now_us)
{
	bool near_open = near_ones_open(inquiry);
	bool full = asked_now(inquiry, now_us) >= WHOHAS_AT_ONCE;
	uint64_t due = UINT64_MAX;

	if (inquiry->claimed)
		return due;
	for (size_t i = 0; i < inquiry->n; i++) {
		const struct question *question = &inquiry->questions[i];

		if (question->state == STATE_ASKED && question->late_us < due)
			due = question->late_us;
		if (question->state == STATE_WAITING && !full && !(question->target.later && near_open))
			return now_us;
	}
	return due;
}

/* Whom to ask */

bool whohas_is_dead(const struct health *health, uint64_t now_us)
{
	return health && !health->up &&
	       (health->reason == HEALTH_TIMEOUT || health->reason == HEALTH_UNREACHABLE) &&
	       now_us - health->since_us >= WHOHAS_DEAD_US;
}

static bool site_has_gateway(const struct config *config, const struct config_site *site)
{
	for (size_t i = 0; i < config->n_gateways; i++)
		if (config->gateways[i].site == site)
			return true;
	return false;
}

struct targets {
	struct whohas_target *list;
	size_t n, most;
};

static void targets_add(struct targets *targets, enum whohas_target_kind kind, uint16_t number,
			bool later)
{
	if (targets->n < targets->most)
		targets->list[targets->n] =
			(struct whohas_target){.kind = kind, .number = number, .later = later};
	targets->n++;
}

/* The service's backends at a site; closed ones too, they keep their connections. */
static void targets_add_backends(struct targets *targets, const struct config_service *service,
				 const struct config_site *site, bool later)
{
	for (size_t i = 0; i < service->n_members; i++)
		if (service->members[i].backend->site == site && service->members[i].backend->agent)
			targets_add(targets, WHOHAS_BACKEND, service->members[i].backend->id, later);
}

static bool site_serves(const struct config_service *service, const struct config_site *site)
{
	for (size_t i = 0; i < service->n_members; i++)
		if (service->members[i].backend->site == site)
			return true;
	return false;
}

size_t whohas_targets(const struct config *config, const struct config_service *service,
		      const struct config_site *own, bool further, struct whohas_target *ret,
		      size_t most)
{
	struct targets targets = {.list = ret, .most = most};

	targets_add_backends(&targets, service, own, false);
	for (size_t i = 0; further && i < config->n_sites; i++) {
		const struct config_site *site = &config->sites[i];

		if (site == own || !site_serves(service, site))
			continue;
		if (site_has_gateway(config, site))
			targets_add(&targets, WHOHAS_ELSEWHERE, i, true);
		else
			targets_add_backends(&targets, service, site, true);
	}
	return targets.n;
}
