/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is another gateway of our site alive, so that flows may be sent to it as their router? It is asked
 * every LIVENESS_INTERVAL_US by a probe that its data plane answers (wire/probe.h). This is what
 * questions and answers say about one peer: a state, changed by events at given times.
 *
 *   - A question is lost when the next one is due and its answer has not come. LIVENESS_LOSSES in a
 *     row, and the peer is dead: at most four intervals after its last sign of life.
 *   - LIVENESS_ANSWERS in a row, and it is alive again. If it died soon after it had come back, twice
 *     as many are wanted the next time, up to LIVENESS_ANSWERS_MAX: a peer that comes and goes moves
 *     the flows of others each time. One that stayed alive for LIVENESS_STABLE_US begins anew.
 *   - An answer that is late, to one of the last LIVENESS_REMEMBERED questions, is a sign of life as
 *     any: the peer is slow, not dead.
 *   - Questions are told apart by tokens that cannot be guessed: who cannot see them cannot keep a
 *     dead peer alive. Each is taken once.
 *   - Only questions that were asked are lost. A daemon that did not run for a while has at most one
 *     open, so that says nothing worse about its peers than a single loss.
 *
 * A peer that was never heard of is taken for alive until it loses: so gateways that start together
 * agree from the first packet on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LIVENESS_INTERVAL_US 50000
#define LIVENESS_LOSSES 3
#define LIVENESS_ANSWERS 3
#define LIVENESS_ANSWERS_MAX 192 /* about ten seconds */
#define LIVENESS_STABLE_US (10 * 1000000ULL)
#define LIVENESS_REMEMBERED 4

struct liveness_question {
	uint64_t token; /* 0: none, or answered */
	uint64_t asked_us;
};

struct liveness {
	bool alive;
	bool returned;	      /* it was dead before, and came back at: */
	uint64_t returned_us;
	uint32_t losses;      /* in a row */
	uint32_t answers;     /* in a row, while dead */
	uint32_t wanted;      /* answers that bring it back */
	uint32_t rtt_us;      /* smoothed (RFC 6298, 2.3); 0: no answer yet */
	uint32_t newest;      /* of the questions, which are a ring */
	struct liveness_question questions[LIVENESS_REMEMBERED];
};

/* A peer of whom nothing is known but what to take it for. */
struct liveness liveness_new(bool alive);

/*
 * The next question is due and goes out with this token, which is not 0: judges the one before. Take
 * in all answers that have come before. Times are of a clock that only runs forward; where it does
 * not, what was open counts neither way. True: the peer is dead now, and was alive.
 */
bool liveness_ask(struct liveness *peer, uint64_t token, uint64_t now_us);

/* An answer has come. True: the peer is alive now, and was dead. Tokens not remembered are ignored. */
bool liveness_answer(struct liveness *peer, uint64_t token, uint64_t now_us);
