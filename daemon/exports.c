/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "daemon/exports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/events.h"
#include "daemon/figures.h"
#include "daemon/metrics.h"
#include "io/http.h"

#define CONNECTIONS_MAX 16 /* each may hold a state of all backends */

struct exports {
	sd_event *event;
	control_answer_fn state;
	void *userdata;
	struct history *history;
	struct http *http; /* NULL: listens nowhere */
	char *at;
};

/* /metrics: a row of the table is a piece */

struct scrape {
	json_t *state;
	size_t next; /* row */
};

static bool scrape_piece(void *pieces, FILE *to)
{
	struct scrape *scrape = pieces;

	metrics_print(&metric_rows[scrape->next++], scrape->state, to);
	return scrape->next < n_metric_rows;
}

static void scrape_end(void *pieces)
{
	struct scrape *scrape = pieces;

	json_decref(scrape->state);
	free(scrape);
}

static void answer_text(struct http_answer *ret, unsigned int status, const char *text)
{
	ret->status = status;
	ret->type = "text/plain; charset=utf-8";
	ret->text = strdup(text);
	ret->length = strlen(text);
}

static void answer_metrics(const struct http_request *request, struct exports *exports,
			   struct http_answer *ret)
{
	struct scrape *scrape = calloc(1, sizeof(*scrape));

	if (!scrape || exports->state(NULL, exports->userdata, &scrape->state) < 0) {
		free(scrape);
		answer_text(ret, 500, "the counters cannot be read\n");
		return;
	}
	ret->type = "text/plain; version=0.0.4; charset=utf-8";
	ret->piece = scrape_piece;
	ret->end = scrape_end;
	ret->pieces = scrape;
}

/* The page, and what it draws */

static const char page[] =
#include "page.html.inc"
	;

static void answer_page(const struct http_request *request, struct exports *exports,
			struct http_answer *ret)
{
	answer_text(ret, 200, page);
	ret->type = "text/html; charset=utf-8";
}

/* What follows the argument's number, and all where there is none. */
static double number_argument(const struct http_request *request, const char *name)
{
	const char *text = http_argument(request, name);

	return text ? strtod(text, NULL) : 0;
}

static void answer_figures(const struct http_request *request, struct exports *exports,
			   struct http_answer *ret)
{
	json_t *state, *figures;
	double event = number_argument(request, "events");

	if (exports->state(NULL, exports->userdata, &state) < 0) {
		answer_text(ret, 500, "the counters cannot be read\n");
		return;
	}
	figures = figures_json(state);
	json_decref(state);
	json_object_set_new(figures, "history",
			    history_json(exports->history, number_argument(request, "after")));
	json_object_set_new(figures, "happened", events_json(event > 0 ? event : 0));
	ret->type = "application/json";
	ret->text = json_dumps(figures, JSON_COMPACT);
	ret->length = ret->text ? strlen(ret->text) : 0;
	json_decref(figures);
}

/* What there is */

static const struct {
	const char *path;
	void (*answer)(const struct http_request *request, struct exports *exports,
		       struct http_answer *ret);
} pages[] = {
	{"/", answer_page},
	{"/figures", answer_figures},
	{"/metrics", answer_metrics},
};

static void answer(const struct http_request *request, void *userdata, struct http_answer *ret)
{
	if (strcmp(http_method(request), "GET") != 0) {
		answer_text(ret, 405, "there is nothing to change here\n");
		return;
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
		if (strcmp(pages[i].path, http_path(request)) == 0) {
			pages[i].answer(request, userdata, ret);
			return;
		}
	answer_text(ret, 404, "no such page, there are / and /metrics\n");
}

int exports_new(sd_event *event, control_answer_fn state, control_answer_fn counters, history_look_fn look,
		void *userdata, struct exports **ret)
{
	struct exports *exports = calloc(1, sizeof(*exports));
	int r;

	if (!exports)
		return -ENOMEM;
	exports->event = event;
	exports->state = state;
	exports->userdata = userdata;
	r = history_new(event, counters, look, userdata, &exports->history);
	if (r < 0) {
		free(exports);
		return r;
	}
	*ret = exports;
	return 0;
}

struct exports *exports_free(struct exports *exports)
{
	if (!exports)
		return NULL;
	http_free(exports->http);
	history_free(exports->history);
	free(exports->at);
	free(exports);
	return NULL;
}

void exports_listen(struct exports *exports, const char *at)
{
	struct endpoint endpoint;
	int r;

	history_begin(exports->history);
	if (exports->http && strcmp(exports->at, at) == 0)
		return;
	exports->http = http_free(exports->http);
	free(exports->at);
	exports->at = strdup(at);
	if (!exports->at || endpoint_parse(at, &endpoint) < 0)
		return; /* off */
	r = http_listen(&endpoint);
	if (r >= 0)
		r = http_new(exports->event, r, CONNECTIONS_MAX, answer, exports, &exports->http);
	if (r < 0)
		log_warning("metrics: cannot listen at %s: %s", at, strerror(-r));
}
