/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * HTTP transfers of libcurl on the event loop, by its multi interface (libcurl-multi(3),
 * "multi_socket"): it tells which sockets to watch and when to call again, the loop does so. What is
 * asked, and what to make of the answer, is in the easy handles of the caller.
 *
 * Invariant: the loop never waits for a transfer, be it for a nameserver's answer.
 */
#pragma once

#include <curl/curl.h>
#include <systemd/sd-event.h>

struct transfers;

/*
 * A transfer has ended, with its CURLOPT_PRIVATE. Called from the loop; may remove it and begin others.
 */
typedef void (*transfer_ended_fn)(CURL *easy, CURLcode result, void *private);

/* 0 or a negative errno. */
int transfers_new(sd_event *event, transfer_ended_fn ended, struct transfers **ret);

/* After all of its transfers have been removed. */
struct transfers *transfers_free(struct transfers *transfers);

/* Begins one. 0 or -ENOMEM. */
int transfers_add(struct transfers *transfers, CURL *easy);

/* Ends it without a word, or tidies up behind its end, after which it can be added again. */
void transfers_remove(struct transfers *transfers, CURL *easy);

/*
 * Its connection ends with an error when the other side's kernel has confirmed nothing for so long, asked or not: what
 * a firewall or a load balancer has forgotten would be silent for ever. A connection goes from transfer to transfer,
 * so all to one host have this or none.
 */
#define TRANSFERS_SILENCE_MS 10000

void transfers_keep_alive(CURL *easy);
