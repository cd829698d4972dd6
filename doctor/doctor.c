/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "doctor/doctor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "base/errors.h"
#include "base/log.h"
#include "daemon/inputs.h"
#include "daemon/options.h"
#include "doctor/checks.h"
#include "doctor/see.h"

#define WATCH_MS 1000 /* between two looks at the counters */

/* A visit: whom we look at, and what we saw. */
struct visit {
	const struct doctor_options *options;
	char host[65];
	json_t *status; /* NULL: no daemon answers */
	json_t *before; /* its counters */
	int64_t before_ms;
	struct inputs *inputs;
	struct plan *plan;
	struct facts facts;
	struct findings findings;
};

static void visit_clear(struct visit *visit)
{
	findings_clear(&visit->findings);
	facts_clear(&visit->facts);
	plan_free(visit->plan);
	inputs_free(visit->inputs);
	json_decref(visit->before);
	json_decref(visit->status);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* That nobody listens is a finding here, and no error. */
static bool is_listening(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static const char *status_text(const struct visit *visit, const char *name)
{
	return json_string_value(json_object_get(visit->status, name));
}

static int greet(struct visit *visit)
{
	const struct doctor_options *options = visit->options;
	int r;

	if (!is_listening(options->socket))
		return 0;
	r = options->ask(options->socket, "/status", &visit->status);
	if (r == 0)
		r = options->ask(options->socket, "/counters", &visit->before);
	visit->before_ms = now_ms();
	return r;
}

/* With a store, the state that the daemon has taken: it goes on with it when the store is away. */
static int read_inputs(struct visit *visit)
{
	const json_t *store = json_object_get(visit->status, "store");
	const char *state = json_string_value(json_object_get(store, "state"));
	_cleanup_errors_ struct errors errors = {};
	struct facts *facts = &visit->facts;
	int r;

	facts->store = json_string_value(json_object_get(store, "endpoint"));
	facts->store_why = json_string_value(json_object_get(store, "why"));
	facts->store_refused = json_string_value(json_object_get(store, "refused"));
	if (visit->options->config || !state)
		return inputs_read(facts->config_file, NULL, NULL, &visit->inputs);
	r = inputs_collect_state(state, facts->config_file, &errors, &visit->inputs);
	errors_print(&errors, stderr);
	return r;
}

/* The configuration and our place in it: as told, else as the daemon has it, else by default. */
static int identify(struct visit *visit)
{
	const struct doctor_options *options = visit->options;
	const char *config = status_text(visit, "config"), *node = status_text(visit, "node");
	struct facts *facts = &visit->facts;
	const struct config_backend *backend;
	int r;

	gethostname(visit->host, sizeof(visit->host) - 1);
	facts->socket = options->socket;
	facts->config_file = options->config ?: config ?: CONFIG_DEFAULT;
	facts->node = options->node ?: node ?: visit->host;
	facts->daemon = node && strcmp(node, facts->node) == 0;
	if (!visit->status && !options->config && access(CONFIG_DEFAULT, F_OK) < 0) {
		log_error("no daemon answers at %s, and there is no %s: name a configuration with --config, "
			  "and this node in it with --node",
			  options->socket, CONFIG_DEFAULT);
		return -ENOENT;
	}
	r = read_inputs(visit);
	if (r < 0)
		return r;
	facts->config = visit->inputs->config;
	facts->fingerprint = visit->inputs->keys.fingerprint;
	backend = config_backend(facts->config, facts->node);
	if (config_gateway(facts->config, facts->node)) {
		facts->role = ROLE_GATEWAY;
		r = plan_gateway(facts->config, config_gateway(facts->config, facts->node),
				 &visit->inputs->keys, &visit->plan);
	} else if (backend && backend->agent) {
		facts->role = ROLE_BACKEND;
		r = plan_agent(facts->config, backend, &visit->plan);
	} else {
		log_error(
			"%s: there is no gateway and no backend with an agent called %s, name this "
			"node with --node",
			facts->config_file, facts->node);
		return -ENOENT;
	}
	facts->plan = visit->plan;
	return r;
}

/* Counters last: a second must lie between the two looks, and the rest was done in it. */
static int look_again_at_counters(struct visit *visit)
{
	json_t *after;
	int r;

	if (!visit->facts.daemon || !is_listening(visit->options->socket))
		return 0;
	while (now_ms() < visit->before_ms + WATCH_MS)
		poll(NULL, 0, visit->before_ms + WATCH_MS - now_ms());
	r = visit->options->ask(visit->options->socket, "/counters", &after);
	if (r < 0)
		return r;
	r = see_drops(&visit->facts, visit->before, after);
	json_decref(after);
	return r;
}

static int look(struct visit *visit)
{
	int r = see_interfaces(&visit->facts);

	if (r >= 0)
		r = see_host(&visit->facts, visit->facts.daemon ? visit->status : NULL);
	if (r == 0)
		r = see_routes(&visit->facts);
	if (r >= 0)
		r = see_agents(&visit->facts);
	if (r >= 0)
		r = look_again_at_counters(visit);
	if (r < 0)
		log_error("%s: cannot be examined: %s", visit->facts.node, strerror(-r));
	return r;
}

static void print(const struct visit *visit)
{
	const struct facts *facts = &visit->facts;
	size_t answered = 0;

	for (size_t i = 0; i < facts->n_targets; i++)
		answered += facts->targets[i].small.end == PROBE_ANSWERED;
	if (visit->options->json) {
		json_t *report =
			json_pack("{s:s s:s s:i s:o}", "node", facts->node, "role",
				  role_daemon(facts->role), "agents_answered", (int)answered,
				  "findings", findings_json(&visit->findings));

		json_dumpf(report, stdout, JSON_INDENT(2));
		printf("\n");
		json_decref(report);
	} else if (!visit->findings.n) {
		printf("%s is well: nothing found, and %zu agents answered a probe of %u bytes\n",
		       facts->node, answered, facts->config->mtu);
	} else {
		findings_print(&visit->findings);
	}
}

static int list(const struct doctor_options *options)
{
	json_t *rows;

	if (!options->json) {
		checks_print();
		return 0;
	}
	rows = checks_json();
	json_dumpf(rows, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(rows);
	return 0;
}

int doctor_run(const struct doctor_options *options)
{
	_cleanup_(visit_clear) struct visit visit = {.options = options};
	int r;

	if (options->list)
		return list(options);
	if (geteuid() != 0) {
		log_error("doctor looks at programs and sends probes: run it as root");
		return -EPERM;
	}
	libbpf_set_print(NULL); /* what is not there is a fact here */
	r = greet(&visit);
	if (r == 0)
		r = identify(&visit);
	if (r == 0)
		r = look(&visit);
	if (r < 0)
		return r;
	checks_judge(&visit.facts, &visit.findings);
	if (visit.findings.lost) {
		log_error("no memory for all findings");
		return -ENOMEM;
	}
	print(&visit);
	return visit.findings.n ? -EUCLEAN : 0;
}
