/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * etcd, version 3, by its JSON gateway (etcd's "gRPC gateway": POST of JSON, keys and values in
 * base64, 64-bit numbers as text, a stream of lines for what goes on), on the event loop.
 *
 * One endpoint is asked until it fails, then the next. Who refuses fails at once, who is silent after
 * ETCD_TIMEOUT_MS; a stream may be silent, and ends when its connection is (TRANSFERS_SILENCE_MS). With a user, a token is got first, and anew when etcd knows it no more. A member that has
 * lost its cluster's leader says so instead of being silent. Nothing is repeated, but by etcd_ask: when to
 * ask again is the caller's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"

#define ETCD_TIMEOUT_MS 2000L
/*
 * A vote of etcd takes one or two seconds. One that brings no leader is followed by another: votes are split, and a
 * member that lacks the last entries may ask for votes again and again, and so hold up the one that has them.
 */
#define ETCD_PATIENCE_MS 10000L

/* Files and texts are the caller's, and copied. NULL: none. */
struct etcd_settings {
	const char *const *endpoints; /* http://ADDRESS:PORT or https:// */
	size_t n_endpoints;
	const char *ca, *certificate, *key; /* files, PEM */
	const char *user, *password;
};

struct etcd;
struct etcd_call;

/* What came of a call, or one line of a stream. */
struct etcd_answer {
	/*
	 * 0; -EACCES: not allowed; -ENOENT: there is no such lease; -ENOSPC: etcd is full; -EKEYREJECTED: TLS came to nothing, by whose
	 * certificate ever; -EAGAIN: a member that is there, but says that it cannot now, or takes the question and
	 * does not answer, both as while a leader is elected; -EIO: anything else, as nobody who listens
	 */
	int error;
	const char *why; /* a line, with the endpoint; NULL: no error */
	const json_t *body;
};

/* May free this call and begin others. */
typedef void (*etcd_answer_fn)(const struct etcd_answer *answer, void *userdata);

/* 0 or a negative errno. */
int etcd_new(sd_event *event, const struct etcd_settings *settings, struct etcd **ret);
/* After its calls. */
struct etcd *etcd_free(struct etcd *etcd);
DEFINE_TRIVIAL_CLEANUP(struct etcd *, etcd_free);

#define _cleanup_etcd_ _cleanup_(etcd_freep)

/* The endpoint that is asked at the moment, and how many there are. */
const char *etcd_endpoint(const struct etcd *etcd);
size_t etcd_n_endpoints(const struct etcd *etcd);

/*
 * POSTs `body`, which it takes over (NULL: no memory), to a path like "/v3/kv/range". One answer comes,
 * from the loop. A stream (/v3/watch) answers for every line, and ends with an error. 0 or -ENOMEM.
 */
int etcd_call(struct etcd *etcd, const char *path, json_t *body, etcd_answer_fn answer,
	      void *userdata, struct etcd_call **ret);
int etcd_stream(struct etcd *etcd, const char *path, json_t *body, etcd_answer_fn answer,
		void *userdata, struct etcd_call **ret);

/* Gives it up, or tidies up behind its end. */
struct etcd_call *etcd_call_free(struct etcd_call *call);

/*
 * For those who have nothing else to do: runs the loop until the answer is there. Each endpoint is asked once,
 * and all again, for ETCD_PATIENCE_MS, while a leader may be about to be elected: so this is for what may be asked
 * twice. The caller frees *ret and *ret_why, one of which is set. 0 or the last answer's error.
 */
int etcd_ask(struct etcd *etcd, sd_event *event, const char *path, json_t *body, json_t **ret,
	     char **ret_why);

/* Parts of requests and answers */

/* A text in base64 as JSON; NULL: no memory. */
json_t *etcd_bytes(const char *text);
json_t *etcd_number(int64_t number);

/* Bytes with a zero behind them, which the caller frees; NULL: none, or not base64. */
char *etcd_text_of(const json_t *object, const char *name, size_t *ret_length);
/* 0: none. */
int64_t etcd_number_of(const json_t *object, const char *name);

/* {"key": ..., "range_end": ...} for all keys that begin with `prefix`. */
json_t *etcd_range(const char *prefix);
