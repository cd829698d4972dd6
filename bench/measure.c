/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <linux/pkt_cls.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bench/check.h"
#include "wire/verdicts.h"

#define CHECKED_PACKETS 4
#define WARM_CHUNKS 16	  /* in front of those that count: caches, branches, the tail call's target */
#define CHUNKS 80	  /* of a run, with those */
#define RUN_PACKETS (CHUNKS * DRIVER_CHUNK_PACKETS + 1)
#define DRIFT_MAX 1.05	  /* from one floor of a sample to the other */
#define FAST_MAX 1.12	  /* above the fastest floor: the machine's fast state */
#define PATIENCE 50	  /* slow floors; then a sample is better than none */
#define FAST_ROUNDS_MIN 3 /* a row with fewer from the fast state takes all it has */

_Static_assert(CHUNKS <= DRIVER_CHUNKS, "the driver clocks all chunks");
_Static_assert(RUN_PACKETS <= EGRESS_PACKETS_MAX, "no connection's clock is held at its bound");

static const uint32_t flow_counts[] = {1, DRIVER_FLOWS_MAX};

static int add_rows(struct bench *bench, const struct path *path, size_t rounds)
{
	for (int i = 0; i < 4; i++) {
		struct row row = {.path = path, .v6 = i / 2, .flows = flow_counts[i & 1]};

		if (row.flows > 1 && path->one_flow)
			continue;
		path_frame(path, row.v6, &row.frame);
		row.samples = calloc(rounds, sizeof(*row.samples));
		if (!row.samples)
			return -ENOMEM;
		bench->rows[bench->n_rows++] = row;
	}
	return 0;
}

int bench_rows(struct bench *bench, const char *only, size_t rounds)
{
	int r = 0;

	bench->rows = calloc(4 * n_paths, sizeof(*bench->rows));
	if (!bench->rows)
		return -ENOMEM;
	for (size_t i = 0; i < n_paths && r == 0; i++)
		if (!only || strcmp(only, paths[i].name) == 0)
			r = add_rows(bench, &paths[i], rounds);
	return r == 0 && !bench->n_rows ? -ENOENT : r;
}

/* The same, where the packet is one that a socket sends. It came by the last filter: no program ended its way. */
static int run_egress(struct bench *bench, struct row *row, uint32_t packets,
		      struct bpf_test_run_opts *options)
{
	struct driver *driver = programs_driver(bench->programs);
	int r = programs_store_living(bench->programs, &bench->sockets, row->v6);

	if (r < 0)
		return r;
	driver->egress = egress_driver(&bench->sockets, row->path->egress, row->v6, packets);
	options->retval = TC_ACT_UNSPEC;
	return egress_send(&bench->sockets, row->path->egress, row->v6, driver);
}

/* Prepares the driver for the row and runs it; the options' outputs are those of the last packet. */
static int run(struct bench *bench, struct row *row, enum target target, uint32_t packets,
	       struct bpf_test_run_opts *options)
{
	int fd = programs_aim(bench->programs, target);

	if (fd < 0)
		return fd;
	if (row->path->egress)
		return run_egress(bench, row, packets, options);
	options->data_in = frame_bytes(&row->frame);
	options->data_size_in = row->frame.size;
	options->repeat = packets;
	return bpf_prog_test_run_opts(fd, options);
}

static int complain(const struct row *row, const char *what)
{
	log_error("%s, IPv%d: %s", row->path->name, row->v6 ? 6 : 4, what);
	return -EBADMSG;
}

/* The frame of the flow that the driver will choose next. */
static struct driver_frame next_frame(const struct bench *bench, const struct row *row,
				      struct driver driver)
{
	struct driver_frame frame = row->frame;
	uint32_t flow = driver_next_flow(&driver);

	frame_set_flow(&frame, flow, programs_cookie_mark(bench->programs, row->v6, flow));
	frame_set_sequence(&frame, driver.packets + 1);
	return frame;
}

static int check_packet(struct bench *bench, struct row *row, struct driver *driver)
{
	uint8_t out[4096];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_out = out, .data_size_out = sizeof(out));
	struct driver_frame in = next_frame(bench, row, *driver);
	uint64_t before = 0, after = 0;
	const char *wrong;
	int r;

	r = programs_count(bench->programs, row->path->target, row->path->verdict, &before);
	if (r == 0)
		r = run(bench, row, row->path->target, 1, &options);
	if (r == 0)
		r = programs_count(bench->programs, row->path->target, row->path->verdict, &after);
	if (r < 0)
		return complain(row, strerror(-r));
	if ((int)options.retval != row->path->action)
		return complain(row, "the program returned another action than it should");
	if (after - before != 1 && row->path->verdict)
		return complain(row, "the packet ended in another verdict than it should");
	wrong = row->path->egress ? egress_check(&driver->egress, row->path->egress)
				  : check_output(row->path, &in, out, options.data_size_out);
	return wrong ? complain(row, wrong) : 0;
}

/* A packet of each flow. */
static int run_in_turn(struct bench *bench, struct row *row)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	*programs_driver(bench->programs) = (struct driver){
		.frame = row->frame,
		.flows = row->flows,
		.in_turn = true,
	};
	return run(bench, row, row->path->target, row->flows, &options);
}

/* Its pins are those of the row before it, which added none: a second less in each round. */
static bool has_its_pins(const struct bench *bench, const struct row *row)
{
	const struct row *last = bench->last;

	return last && last->path == row->path && last->v6 == row->v6 &&
	       row->path->verdict == GATEWAY_PIN;
}

/* Tables that the row's packets change are as the row wants them. */
static int prepare(struct bench *bench, struct row *row)
{
	int r = world_route_to(bench->world, row->path->router);

	if (r == 0 && row->path->pins && !has_its_pins(bench, row))
		r = programs_pin_flows(bench->programs, bench->world, row->v6, row->path->pins);
	bench->last = row;
	if (r == 0 && row->path->recent)
		r = run_in_turn(bench, row);
	if (r == 0 && row->path->asked)
		r = programs_ask(bench->programs, bench->world, row->v6, row->path->port,
				 row->path->asked == ASKED_TOO_MUCH);
	return r;
}

/* Other rows have flows of their own: a mark that is there by chance would send them elsewhere. */
static void tidy(struct bench *bench, const struct row *row)
{
	if (row->path->recent)
		programs_forget_recent(bench->programs);
}

int bench_check(struct bench *bench, struct row *row)
{
	struct driver *driver = programs_driver(bench->programs);
	int r = prepare(bench, row);

	*driver = (struct driver){
		.frame = row->frame,
		.flows = row->flows,
	};
	for (int i = 0; i < CHECKED_PACKETS && r == 0; i++)
		r = check_packet(bench, row, driver);
	tidy(bench, row);
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value that `part` of the values lie below; sorts them. */
static double quantile(double *values, size_t n, double part)
{
	size_t at = part * n;

	qsort(values, n, sizeof(*values), compare);
	return n ? values[at < n ? at : n - 1] : 0;
}

/* ns for one packet, driver included. */
static double fast_chunks(const struct driver *driver)
{
	double chunks[CHUNKS - WARM_CHUNKS];

	for (int i = WARM_CHUNKS; i < CHUNKS; i++)
		chunks[i - WARM_CHUNKS] = driver->clock_ns[i + 1] - driver->clock_ns[i];
	return quantile(chunks, CHUNKS - WARM_CHUNKS, 0.25) / DRIVER_CHUNK_PACKETS;
}

static int time_packets(struct bench *bench, struct row *row, enum target target, double *ret)
{
	struct driver *driver = programs_driver(bench->programs);
	LIBBPF_OPTS(bpf_test_run_opts, options);
	int r;

	*driver = (struct driver){
		.frame = row->frame,
		.flows = row->flows,
		.random = row->n_samples,
	};
	r = run(bench, row, target, RUN_PACKETS, &options);
	if (r == 0)
		*ret = fast_chunks(driver);
	return r;
}

/* The same, and every packet must have ended in the row's verdict. */
static int time_target(struct bench *bench, struct row *row, double *ret)
{
	enum target target = row->path->target;
	uint64_t before = 0, after = 0, strays;
	int r;

	r = programs_count(bench->programs, target, row->path->verdict, &before);
	if (r == 0)
		r = time_packets(bench, row, target, ret);
	if (r == 0)
		r = programs_count(bench->programs, target, row->path->verdict, &after);
	if (r < 0)
		return complain(row, strerror(-r));
	strays = (uint64_t)RUN_PACKETS * row->path->strays / 1000000;
	if (row->path->verdict && after - before + strays < RUN_PACKETS)
		return complain(row, "some packets ended in another verdict than they should");
	return 0;
}

int bench_run(struct bench *bench, struct row *row)
{
	double unused;
	int r = prepare(bench, row);

	if (r < 0)
		return complain(row, strerror(-r));
	r = time_target(bench, row, &unused);
	tidy(bench, row);
	return r;
}

static enum floor_kind floor_kind(const struct row *row)
{
	if (row->path->egress)
		return FLOOR_EGRESS;
	if (programs_is_skb(row->path->target))
		return FLOOR_SKB;
	return row->frame.size == DRIVER_FRAME_LONG ? FLOOR_LONG : FLOOR_SHORT;
}

static int time_floor(struct bench *bench, struct row *row, double *ret)
{
	static const enum target floors[FLOOR_KINDS] = {
		[FLOOR_SHORT] = TARGET_FLOOR,
		[FLOOR_LONG] = TARGET_FLOOR,
		[FLOOR_SKB] = TARGET_FLOOR_SKB,
		[FLOOR_EGRESS] = TARGET_FLOOR_EGRESS,
	};
	enum floor_kind kind = floor_kind(row);
	int r = time_packets(bench, row, floors[kind], ret);

	if (r < 0)
		return complain(row, strerror(-r));
	if (!bench->fastest[kind] || *ret < bench->fastest[kind])
		bench->fastest[kind] = *ret;
	return 0;
}

/* Is this floor of the machine's fast state, or has there been none for long? */
static bool is_time(struct bench *bench, const struct row *row, double floor_ns)
{
	if (floor_ns > bench->fastest[floor_kind(row)] * FAST_MAX && bench->slow++ < PATIENCE)
		return false;
	bench->slow = 0;
	return true;
}

int bench_sample(struct bench *bench, struct row *row)
{
	double before, ns, after, drift;
	int r = time_floor(bench, row, &before);

	if (r < 0 || !is_time(bench, row, before))
		return r;
	r = prepare(bench, row);
	if (r < 0)
		return complain(row, strerror(-r));
	if (row->path->pins) /* they took a while */
		r = time_floor(bench, row, &before);
	if (r == 0)
		r = time_target(bench, row, &ns);
	if (r == 0)
		r = time_floor(bench, row, &after);
	tidy(bench, row);
	if (r < 0)
		return r;
	drift = before > after ? before / after : after / before;
	if (drift > DRIFT_MAX)
		return 0;
	row->samples[row->n_samples++] = (struct sample){
		.floor_ns = (before + after) / 2,
		.ns = ns,
	};
	return 0;
}

static struct figure figure_below(const struct row *row, double floor_max)
{
	_cleanup_free_ double *values = calloc(3 * row->n_samples + 1, sizeof(*values));
	double *floors = values, *nets = floors + row->n_samples, *ratios = nets + row->n_samples;
	struct figure figure = {};
	size_t n = 0;

	for (size_t i = 0; values && i < row->n_samples; i++) {
		const struct sample *sample = &row->samples[i];

		if (sample->floor_ns > floor_max)
			continue;
		floors[n] = sample->floor_ns;
		ratios[n] = sample->ns / sample->floor_ns;
		nets[n++] = sample->ns - sample->floor_ns;
	}
	figure.rounds = n;
	figure.ratio = quantile(ratios, n, 0.5);
	figure.floor_ns = quantile(floors, n, 0.5);
	figure.net_ns = quantile(nets, n, 0.5);
	figure.spread_ns = quantile(nets, n, 0.75) - quantile(nets, n, 0.25);
	return figure;
}

unsigned int row_mark(const struct row *row)
{
	return row->path->marks[row->flows > 1];
}

struct figure row_figure(const struct bench *bench, const struct row *row)
{
	struct figure figure = figure_below(row, bench->fastest[floor_kind(row)] * FAST_MAX);

	return figure.rounds >= FAST_ROUNDS_MIN ? figure : figure_below(row, INFINITY);
}
