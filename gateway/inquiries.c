/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "gateway/inquiries.h"

#include <arpa/inet.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/pin_table.h"
#include "core/whohas.h"
#include "io/questions.h"
#include "wire/srv6.h"

#define OPEN_MAX 1024 /* at a time */
#define TICK_US 10000
#define ACCURACY_US 1000
#define BIND_EVERY_US 1000000
#define STALE_NS (3 * 1000000000ULL)   /* what waited longer was sent again, or given up */
#define DENIAL_NS (10 * 1000000000ULL) /* TCP sends it again within that time */
#define KNOWN_NS (600 * 1000000000ULL) /* that long a claim is "lately" */
#define PIN_TRIES 100

/* A question's token: who asks which target of which inquiry, and a serial that never comes again. */
#define TOKEN_TARGET_BITS 12
#define TOKEN_SLOT_BITS 10

_Static_assert(1 << TOKEN_TARGET_BITS == WHOHAS_TARGETS_MAX, "");
_Static_assert(1 << TOKEN_SLOT_BITS == OPEN_MAX, "");

struct slot {
	struct inquiry *inquiry; /* NULL: free */
	struct whohas_event about;
	uint64_t serial;
};

struct counts {
	uint64_t asked, questions, claimed, closed, denied, silent, limited, for_sites;
};

struct inquiries {
	struct inquiries_world world;
	struct ring_buffer *ring;
	int ring_fd;
	sd_event_source *readable, *tick;
	struct questions *questions;
	uint64_t bound_us, serial;
	bool mute; /* there is no address to ask from, and it was said */
	struct counts counts;
	size_t n_open;
	struct slot slots[OPEN_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static uint64_t now_us(void)
{
	return now_ns() / 1000;
}

static bool is_foreign(const struct whohas_event *about)
{
	return about->asker.halves[0] || about->asker.halves[1];
}

/* Whom to ask */

static const struct plan_service *service_of(const struct inquiries *inquiries, uint32_t number)
{
	const struct tables *tables = dataplane_tables(inquiries->world.dataplane);
	const struct plan *plan = inquiries->world.plan;

	for (size_t i = 0; number < SERVICES_MAX && i < plan->n_services; i++)
		if (plan->services[i].identity == tables->services[number].identity)
			return &plan->services[i];
	return NULL;
}

static bool is_dead(const struct inquiries *inquiries, uint64_t identity)
{
	const struct liveness *peer = peers_find(inquiries->world.peers, identity);

	return peer && !peer->alive;
}

/* Those that routed the flow when the rows of routers were others: they may have it pinned. */
static size_t add_former_routers(const struct inquiries *inquiries, const struct flow *flow,
				 struct whohas_target *targets, size_t n)
{
	const struct tables *tables = dataplane_tables(inquiries->world.dataplane);
	const struct rows *rows = &tables->site->routers;
	uint64_t hash = flow_hash(flow, &inquiries->world.keys->flow);

	for (uint32_t i = 0; i < rows_count(rows->banks) && n < WHOHAS_TARGETS_MAX; i++) {
		uint16_t number = tables_row(tables, rows, i, hash_router(hash, rows->size));
		const struct destination *router = &tables->routers[number % ROUTERS_MAX];
		bool listed = !router->identity || router->flags & DESTINATION_SELF;

		for (size_t j = 0; j < n; j++)
			listed |= targets[j].kind == WHOHAS_ROUTER && targets[j].number == number;
		if (!listed)
			targets[n++] = (struct whohas_target){
				.kind = WHOHAS_ROUTER,
				.number = number,
				.dead = is_dead(inquiries, router->identity),
			};
	}
	return n;
}

static void mark_dead(const struct inquiries *inquiries, const struct plan_service *service,
		      struct whohas_target *targets, size_t n)
{
	uint64_t now = now_us();

	for (size_t i = 0; i < n; i++)
		if (targets[i].kind == WHOHAS_BACKEND)
			targets[i].dead = whohas_is_dead(
				monitor_find(inquiries->world.monitor, service, targets[i].number),
				now);
}

/* For another site: our pin may name a backend that is not ours. Our own was looked at by the packet. */
static size_t add_pinned(const struct inquiries *inquiries, const struct whohas_event *about,
			 struct whohas_target *targets, size_t n)
{
	uint64_t hash = flow_hash(&about->flow, &inquiries->world.keys->flow);
	uint16_t backend = pin_table_find(dataplane_pins(inquiries->world.dataplane), &about->flow,
					  about->service, hash, now_ns());

	for (size_t i = 0; i < n; i++)
		if (targets[i].kind == WHOHAS_BACKEND && targets[i].number == backend)
			return n;
	if (backend)
		targets[n++] = (struct whohas_target){.kind = WHOHAS_BACKEND, .number = backend};
	return n;
}

static struct inquiry *inquiry_about(const struct inquiries *inquiries,
				     const struct whohas_event *about)
{
	const struct inquiries_world *world = &inquiries->world;
	const struct plan_service *service = service_of(inquiries, about->service);
	_cleanup_free_ struct whohas_target *targets = calloc(WHOHAS_TARGETS_MAX, sizeof(*targets));
	size_t n;

	if (!service || !targets)
		return NULL;
	n = whohas_targets(world->config, service->config, world->self->site, !is_foreign(about),
			   targets, WHOHAS_TARGETS_MAX - CANDIDATES_MAX);
	if (n > WHOHAS_TARGETS_MAX - CANDIDATES_MAX)
		return NULL; /* not reached: a service has at most 1000 backends */
	mark_dead(inquiries, service, targets, n);
	n = is_foreign(about) ? add_pinned(inquiries, about, targets, n)
			      : add_former_routers(inquiries, &about->flow, targets, n);
	return inquiry_new(targets, n);
}

/* Asking */

static const union address *site_gateway(const struct config *config, size_t site, unsigned int try)
{
	const union address *first = NULL;

	for (size_t i = 0; i < config->n_gateways; i++) {
		if (site >= config->n_sites || config->gateways[i].site != &config->sites[site])
			continue;
		first = first ? first : &config->gateways[i].locator;
		if (!try--)
			return &config->gateways[i].locator;
	}
	return first;
}

/* NULL: there is no such node any more. */
static const union address *locator_of(const struct inquiries *inquiries,
				       const struct whohas_target *target, unsigned int try)
{
	const struct tables *tables = dataplane_tables(inquiries->world.dataplane);
	const struct destination *node = NULL;

	switch (target->kind) {
	case WHOHAS_BACKEND:
		node = &tables->backends[target->number % BACKENDS_MAX];
		break;
	case WHOHAS_ROUTER:
		node = &tables->routers[target->number % ROUTERS_MAX];
		break;
	case WHOHAS_ELSEWHERE:
		return site_gateway(inquiries->world.config, target->number, try);
	}
	return node->identity ? &node->sids[0] : NULL;
}

/* A question that cannot be sent is lost like any other. */
static void send_question(struct inquiries *inquiries, size_t slot, uint32_t number,
			  const struct whohas_target *target, unsigned int try)
{
	struct slot *open = &inquiries->slots[slot];
	const union address *locator = locator_of(inquiries, target, try);
	struct whohas question = {
		.kind = WHOHAS_QUESTION,
		.scope = target->kind == WHOHAS_ELSEWHERE ? WHOHAS_SITE : WHOHAS_NODE,
		.token = (open->serial << TOKEN_SLOT_BITS | slot) << TOKEN_TARGET_BITS | number,
		.flow = open->about.flow,
	};
	union address sid;

	if (!locator) {
		inquiry_answer(open->inquiry, number, WHOHAS_NOT_MINE, 0);
		return;
	}
	sid = sid_make(locator, SRV6_WHO_HAS);
	inquiries->counts.questions++;
	questions_send(inquiries->questions, &sid, question);
}

/* Once a second, so that an address that changes is followed. */
static void bind_questions(struct inquiries *inquiries)
{
	const struct inquiries_world *world = &inquiries->world;
	struct prefix infrastructure = network_prefix(&world->config->infrastructure);
	uint64_t now = now_us();
	int r;

	if (inquiries->bound_us && now - inquiries->bound_us < BIND_EVERY_US)
		return;
	inquiries->bound_us = now;
	r = questions_bind(inquiries->questions, &infrastructure, &world->keys->who_has);
	if (r < 0 && !inquiries->mute)
		log_warning("nobody can be asked who has a connection, give this node an address in "
			    "the infrastructure's network: %s",
			    strerror(-r));
	inquiries->mute = r < 0;
}

/* What it came to */

/* A bucket that a program writes in is free again at once. */
static void pin(const struct inquiries *inquiries, const struct whohas_event *about, uint16_t backend)
{
	uint64_t hash = flow_hash(&about->flow, &inquiries->world.keys->flow);
	int r = -EAGAIN;

	for (int i = 0; i < PIN_TRIES && r == -EAGAIN; i++)
		r = pin_table_put(dataplane_pins(inquiries->world.dataplane), &about->flow,
				  about->service, hash, now_ns(), backend);
}

static void conclude_own(struct inquiries *inquiries, const struct whohas_event *about,
			 enum whohas_outcome outcome, const struct whohas_claim *claim)
{
	const struct dataplane *dataplane = inquiries->world.dataplane;

	if (outcome == WHOHAS_CLAIMED) {
		pin(inquiries, about, claim->backend);
		if (!claim->closed)
			dataplane_know(dataplane, &about->flow, about->service, now_ns() + KNOWN_NS);
	}
	if (outcome == WHOHAS_DENIED && about->may_be_reset)
		dataplane_deny(dataplane, &about->flow, about->sequence, now_ns() + DENIAL_NS);
}

/* Of silence the other site hears by silence. */
static void conclude_foreign(struct inquiries *inquiries, const struct whohas_event *about,
			     enum whohas_outcome outcome, const struct whohas_claim *claim)
{
	struct whohas answer = {
		.kind = WHOHAS_ANSWER,
		.answer = WHOHAS_NOT_MINE,
		.scope = WHOHAS_SITE,
		.token = about->token,
		.flow = about->flow,
		.backend = htons(claim->backend),
	};

	if (outcome == WHOHAS_SILENT)
		return;
	if (outcome == WHOHAS_CLAIMED)
		answer.answer = claim->closed ? WHOHAS_CLOSED : WHOHAS_MINE;
	questions_send(inquiries->questions, &about->asker, answer);
}

static void count_outcome(struct counts *counts, enum whohas_outcome outcome,
			  const struct whohas_claim *claim)
{
	counts->claimed += outcome == WHOHAS_CLAIMED && !claim->closed;
	counts->closed += outcome == WHOHAS_CLAIMED && claim->closed;
	counts->denied += outcome == WHOHAS_DENIED;
	counts->silent += outcome == WHOHAS_SILENT;
}

static void slot_clear(struct inquiries *inquiries, struct slot *slot)
{
	slot->inquiry = inquiry_free(slot->inquiry);
	inquiries->n_open--;
}

/* Sends what is due, and ends it if there is a decision. */
static void advance(struct inquiries *inquiries, size_t at)
{
	struct slot *slot = &inquiries->slots[at];
	struct whohas_claim claim = {};
	struct whohas_target target;
	enum whohas_outcome outcome;
	unsigned int try;
	int number;

	while ((number = inquiry_ask(slot->inquiry, now_us(), &target, &try)) >= 0)
		send_question(inquiries, at, number, &target, try);
	outcome = inquiry_outcome(slot->inquiry, &claim);
	if (outcome == WHOHAS_OPEN)
		return;
	count_outcome(&inquiries->counts, outcome, &claim);
	if (is_foreign(&slot->about))
		conclude_foreign(inquiries, &slot->about, outcome, &claim);
	else
		conclude_own(inquiries, &slot->about, outcome, &claim);
	slot_clear(inquiries, slot);
}

/* Events */

static bool same(const struct whohas_event *a, const struct whohas_event *b)
{
	return memcmp(&a->flow, &b->flow, sizeof(a->flow)) == 0 &&
	       address_equal(&a->asker, &b->asker);
}

/* A place for it; -EALREADY: it is under way; -ENOSPC. */
static int place_for(const struct inquiries *inquiries, const struct whohas_event *about)
{
	int free = -ENOSPC;

	for (size_t i = 0; i < OPEN_MAX; i++) {
		const struct slot *slot = &inquiries->slots[i];

		if (slot->inquiry && same(&slot->about, about))
			return -EALREADY;
		if (!slot->inquiry && free < 0)
			free = i;
	}
	return free;
}

static void begin(struct inquiries *inquiries, const struct whohas_event *about)
{
	int at = place_for(inquiries, about);
	struct slot *slot = &inquiries->slots[at < 0 ? 0 : at];

	inquiries->counts.limited += at == -ENOSPC;
	if (at < 0)
		return;
	slot->inquiry = inquiry_about(inquiries, about);
	if (!slot->inquiry)
		return;
	slot->about = *about;
	slot->serial = inquiries->serial++;
	inquiries->counts.asked++;
	inquiries->counts.for_sites += is_foreign(about);
	bind_questions(inquiries);
	if (!inquiries->n_open++)
		sd_event_source_set_enabled(inquiries->tick, SD_EVENT_ONESHOT);
	advance(inquiries, at);
}

static int on_event(void *userdata, void *data, size_t size)
{
	const struct whohas_event *about = data;

	if (size >= sizeof(*about) && now_ns() - about->time_ns < STALE_NS)
		begin(userdata, about);
	return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct inquiries *inquiries = userdata;

	ring_buffer__consume(inquiries->ring);
	return 0;
}

static void on_answer(const struct whohas *answer, void *userdata)
{
	struct inquiries *inquiries = userdata;
	size_t at = answer->token >> TOKEN_TARGET_BITS & (OPEN_MAX - 1);
	struct slot *slot = &inquiries->slots[at];
	uint64_t serial = answer->token >> (TOKEN_TARGET_BITS + TOKEN_SLOT_BITS);

	if (!slot->inquiry || slot->serial != serial)
		return;
	inquiry_answer(slot->inquiry, answer->token & (WHOHAS_TARGETS_MAX - 1), answer->answer,
		       ntohs(answer->backend));
	advance(inquiries, at);
}

/* Only while something is open. */
static int on_tick(sd_event_source *source, uint64_t due_us, void *userdata)
{
	struct inquiries *inquiries = userdata;
	int r;

	for (size_t i = 0; i < OPEN_MAX; i++)
		if (inquiries->slots[i].inquiry)
			advance(inquiries, i);
	if (!inquiries->n_open)
		return 0;
	r = sd_event_source_set_time_relative(source, TICK_US);
	return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Life */

/* The ring outlives the program that it was loaded with, so it is held by a descriptor of our own. */
static int follow_ring(struct inquiries *inquiries, sd_event *event, int ring_fd)
{
	inquiries->ring_fd = fcntl(ring_fd, F_DUPFD_CLOEXEC, 3);
	if (inquiries->ring_fd < 0)
		return -errno;
	inquiries->ring = ring_buffer__new(inquiries->ring_fd, on_event, inquiries, NULL);
	if (!inquiries->ring)
		return -errno;
	return sd_event_add_io(event, &inquiries->readable, ring_buffer__epoll_fd(inquiries->ring),
			       EPOLLIN, on_readable, inquiries);
}

int inquiries_new(sd_event *event, int ring_fd, struct inquiries **ret)
{
	struct inquiries *inquiries = calloc(1, sizeof(*inquiries));
	int r;

	if (!inquiries)
		return -ENOMEM;
	inquiries->ring_fd = -1;
	r = getrandom(&inquiries->serial, sizeof(inquiries->serial), 0) < 0 ? -errno : 0;
	inquiries->serial >>= TOKEN_TARGET_BITS + TOKEN_SLOT_BITS + 1;
	if (r == 0)
		r = questions_new(event, on_answer, inquiries, &inquiries->questions);
	if (r >= 0)
		r = follow_ring(inquiries, event, ring_fd);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &inquiries->tick, CLOCK_MONOTONIC, TICK_US,
					       ACCURACY_US, on_tick, inquiries);
	if (r >= 0)
		r = sd_event_source_set_enabled(inquiries->tick, SD_EVENT_OFF);
	if (r < 0) {
		inquiries_free(inquiries);
		return r;
	}
	*ret = inquiries;
	return 0;
}

static void forget_all(struct inquiries *inquiries)
{
	for (size_t i = 0; i < OPEN_MAX; i++)
		if (inquiries->slots[i].inquiry)
			slot_clear(inquiries, &inquiries->slots[i]);
}

struct inquiries *inquiries_free(struct inquiries *inquiries)
{
	if (!inquiries)
		return NULL;
	forget_all(inquiries);
	sd_event_source_disable_unref(inquiries->readable);
	sd_event_source_disable_unref(inquiries->tick);
	ring_buffer__free(inquiries->ring);
	if (inquiries->ring_fd >= 0)
		close(inquiries->ring_fd);
	questions_free(inquiries->questions);
	free(inquiries);
	return NULL;
}

void inquiries_use(struct inquiries *inquiries, const struct inquiries_world *world)
{
	forget_all(inquiries);
	inquiries->world = *world;
	inquiries->bound_us = 0; /* the infrastructure may be another: bind anew */
}

const char *inquiries_about(const struct inquiries *inquiries, const struct flow *flow)
{
	for (size_t i = 0; i < OPEN_MAX; i++) {
		const struct slot *slot = &inquiries->slots[i];

		if (slot->inquiry && memcmp(&slot->about.flow, flow, sizeof(*flow)) == 0)
			return "asking";
	}
	return dataplane_denies(inquiries->world.dataplane, flow, now_ns()) ? "nobody" : NULL;
}

json_t *inquiries_json(const struct inquiries *inquiries)
{
	const struct counts *counts = &inquiries->counts;

	return json_pack("{s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I}", "open",
			 (json_int_t)inquiries->n_open, "asked", (json_int_t)counts->asked,
			 "questions", (json_int_t)counts->questions, "claimed",
			 (json_int_t)counts->claimed, "closed", (json_int_t)counts->closed, "denied",
			 (json_int_t)counts->denied, "silent", (json_int_t)counts->silent, "limited",
			 (json_int_t)counts->limited, "for-sites", (json_int_t)counts->for_sites,
			 "forged", (json_int_t)questions_forged(inquiries->questions));
}
