/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/liveness.h"

#include <string.h>

struct liveness liveness_new(bool alive)
{
	return (struct liveness){.alive = alive, .wanted = LIVENESS_ANSWERS};
}

static void died(struct liveness *peer, uint64_t now_us)
{
	bool soon = peer->returned && now_us - peer->returned_us < LIVENESS_STABLE_US;

	peer->alive = false;
	peer->answers = 0;
	peer->wanted = soon ? peer->wanted * 2 : LIVENESS_ANSWERS;
	if (peer->wanted > LIVENESS_ANSWERS_MAX)
		peer->wanted = LIVENESS_ANSWERS_MAX;
}

static void came_back(struct liveness *peer, uint64_t now_us)
{
	peer->alive = true;
	peer->returned = true;
	peer->returned_us = now_us;
}

static bool lost(struct liveness *peer, uint64_t now_us)
{
	peer->answers = 0;
	if (!peer->alive || ++peer->losses < LIVENESS_LOSSES)
		return false;
	died(peer, now_us);
	return true;
}

bool liveness_ask(struct liveness *peer, uint64_t token, uint64_t now_us)
{
	const struct liveness_question *before = &peer->questions[peer->newest];
	bool change = false;

	if (now_us < before->asked_us)
		memset(peer->questions, 0, sizeof(peer->questions));
	else if (before->token)
		change = lost(peer, now_us);
	peer->newest = (peer->newest + 1) % LIVENESS_REMEMBERED;
	peer->questions[peer->newest] = (struct liveness_question){token, now_us};
	return change;
}

static struct liveness_question *find(struct liveness *peer, uint64_t token)
{
	for (int i = 0; i < LIVENESS_REMEMBERED; i++)
		if (token && peer->questions[i].token == token)
			return &peer->questions[i];
	return NULL;
}

static void measure(struct liveness *peer, uint64_t rtt_us)
{
	if (rtt_us > LIVENESS_REMEMBERED * LIVENESS_INTERVAL_US)
		return; /* we were away, not the answer */
	peer->rtt_us = peer->rtt_us ? (peer->rtt_us * 7 + rtt_us) / 8 : rtt_us;
	if (!peer->rtt_us)
		peer->rtt_us = 1;
}

bool liveness_answer(struct liveness *peer, uint64_t token, uint64_t now_us)
{
	struct liveness_question *question = find(peer, token);

	if (!question)
		return false;
	question->token = 0;
	peer->losses = 0;
	if (now_us >= question->asked_us)
		measure(peer, now_us - question->asked_us);
	if (peer->alive || ++peer->answers < peer->wanted)
		return false;
	came_back(peer, now_us);
	return true;
}
