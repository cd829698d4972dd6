/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Following a store whose contents have a revision: what to do next, after what happened. All is read
 * once, then changes are watched for, from the revision that was read. Whoever was cut off asks for the
 * manifest first (core/documents.h): if it is the one that he has, the watch goes on where it was;
 * else, and when the store has forgotten the changes since, all is read anew. So a store that was
 * restarted empty, whose revisions begin again, is never taken for the old one; nor is one that was put back to
 * an older state, which may have our manifest, and has yet to get to the revision that we would watch from.
 *
 * A store has one member or several. After a failure the next one is asked at once; when each has failed, all
 * are asked again after a wait, twice as long each time and spread at random, so that a fleet does not come back
 * all at once. Where there are several, a leader may be about to be elected: that the store cannot be reached
 * is news when that would be over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FOLLOWING_WAIT_MIN_US 250000
#define FOLLOWING_WAIT_MAX_US 4000000
#define FOLLOWING_ELECTION_US 10000000 /* etcd needs one or two seconds, and again where a vote brings no leader */

enum following_step {
	FOLLOWING_READ,	 /* all of it */
	FOLLOWING_PROBE, /* the manifest */
	FOLLOWING_WATCH, /* for what is newer than `revision` */
};

struct following {
	enum following_step step; /* to be begun, or under way */
	int64_t revision;	  /* up to which we know; 0: nothing is known */
	bool told;		  /* whether it can be reached: has been found out once */
	bool reachable;
	uint64_t heard_us; /* its last sign of life; at first, when it began */
	uint64_t retry_us; /* not to be begun before */
	uint32_t failures; /* in a row */
	uint64_t failed_us; /* the first of them */
	uint32_t members;
};

/* `members`: at least one. */
void following_begin(struct following *following, uint32_t members, uint64_t now_us);

/*
 * These tell what happened. True: it is news that the store can be reached, or that it cannot.
 */
bool following_was_read(struct following *following, int64_t revision, uint64_t now_us);

/* `same`: the manifest is the one that we have; `revision` is the store's own, at the time. */
bool following_was_probed(struct following *following, bool same, int64_t revision, uint64_t now_us);

/* `all`: no other member would say anything else. */
bool following_failed(struct following *following, bool all, uint64_t now_us, uint32_t random);

/* Events up to this revision, or a sign of life (0). */
void following_heard(struct following *following, int64_t revision, uint64_t now_us);

/* The store has forgotten what was watched for. */
void following_was_compacted(struct following *following);
