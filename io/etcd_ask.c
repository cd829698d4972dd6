/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* For those who wait for an answer: io/etcd.h, etcd_ask. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "io/etcd.h"

#define ROUND_US 200000 /* between two, in which each endpoint was asked */

struct waiting {
	bool over;
	int error;
	json_t *body;
	char *why;
};

static void on_answer(const struct etcd_answer *answer, void *userdata)
{
	struct waiting *waiting = userdata;

	waiting->over = true;
	waiting->error = answer->error;
	if (answer->error)
		waiting->why = strdup(answer->why);
	else
		waiting->body = json_incref((json_t *)answer->body);
}

static int ask_once(struct etcd *etcd, sd_event *event, const char *path, json_t *body,
		    struct waiting *ret)
{
	struct waiting waiting = {};
	struct etcd_call *call;
	int r = etcd_call(etcd, path, json_incref(body), on_answer, &waiting, &call);

	if (r < 0)
		return r;
	while (r >= 0 && !waiting.over)
		r = sd_event_run(event, UINT64_MAX);
	etcd_call_free(call);
	*ret = waiting;
	return r < 0 ? r : waiting.error;
}

static int on_pause(sd_event_source *source, uint64_t due_us, void *userdata)
{
	*(bool *)userdata = true;
	return 0;
}

static int pause_for(sd_event *event, uint64_t us)
{
	sd_event_source *source = NULL;
	bool over = false;
	int r = sd_event_add_time_relative(event, &source, CLOCK_MONOTONIC, us, 0, on_pause, &over);

	while (r >= 0 && !over)
		r = sd_event_run(event, UINT64_MAX);
	sd_event_source_disable_unref(source);
	return r < 0 ? r : 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * UINT64_C(1000) + now.tv_nsec / 1000000;
}

/* True: another member may know better. */
static bool is_of_one_member(int error)
{
	return error == -EIO || error == -EAGAIN || error == -EKEYREJECTED;
}

/* Each endpoint until one answers. *ret_soon: one of them is there, and may answer soon. */
static int ask_round(struct etcd *etcd, sd_event *event, const char *path, json_t *body,
		     struct waiting *ret, bool *ret_soon)
{
	int r = -EIO;

	*ret_soon = false;
	for (size_t i = 0; i < etcd_n_endpoints(etcd) && is_of_one_member(r); i++) {
		free(ret->why);
		*ret = (struct waiting){};
		r = ask_once(etcd, event, path, body, ret);
		*ret_soon |= r == -EAGAIN;
	}
	return r;
}

static char *why_none(const struct etcd *etcd, char *why)
{
	char *all = NULL;

	if (!why || etcd_n_endpoints(etcd) < 2 ||
	    asprintf(&all, "none of %zu endpoints answers, at last %s", etcd_n_endpoints(etcd), why) < 0)
		return why;
	free(why);
	return all;
}

int etcd_ask(struct etcd *etcd, sd_event *event, const char *path, json_t *body, json_t **ret,
	     char **ret_why)
{
	uint64_t begun_ms = now_ms();
	struct waiting waiting = {};
	bool soon;
	int r;

	if (!body)
		return -ENOMEM;
	do {
		r = ask_round(etcd, event, path, body, &waiting, &soon);
		soon = soon && is_of_one_member(r) && now_ms() - begun_ms < ETCD_PATIENCE_MS;
	} while (soon && pause_for(event, ROUND_US) == 0);
	json_decref(body);
	*ret = waiting.body;
	*ret_why = is_of_one_member(r) ? why_none(etcd, waiting.why) : waiting.why;
	return r;
}
