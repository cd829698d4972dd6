/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * holdfast-bench: what a packet costs on each of its ways through the shipped BPF programs, in ns, by
 * BPF_PROG_TEST_RUN. docs/performance.md explains the method and the figures.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/log.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/home.h"
#include "bench/sockets.h"

/*
 * The programs are loaded several times, because where in memory the kernel puts one changes its time by
 * up to a tenth. A row has so many rounds with each load, or what there is time for.
 */
struct effort {
	size_t loads, rounds;
	unsigned int seconds; /* of all loads together */
};

static const struct effort quick = {.loads = 3, .rounds = 9, .seconds = 50};
static const struct effort full = {.loads = 11, .rounds = 11, .seconds = 450};
static const struct effort check = {.loads = 1};

struct options {
	const struct effort *effort;
	const char *json;
	const char *only;
};

static const char help[] =
	"usage: holdfast-bench [--quick | --check] [--json FILE] [--only PATH]\n"
	"\n"
	"What a packet costs on each of its ways through Holdfast's BPF programs, in ns,\n"
	"without what the measuring itself costs (the floor). Needs root. Touches nothing\n"
	"of this machine's network.\n"
	"\n"
	"  --quick      a minute; without, it may take eight\n"
	"  --check      times nothing: do all packets end where they should?\n"
	"  --json FILE  the figures for programs, too\n"
	"  --only PATH  one path, for instance: pick\n"
	"\n"
	"net ns is the cost of the program alone; ratio is program and floor to floor\n"
	"alone. Both are medians of the rounds in the machine's fast state, which are\n"
	"counted in the last column.\n";

/* 0; 1: all is said already; -EINVAL, said to stderr. */
static int parse_options(int argc, char **argv, struct options *ret)
{
	static const struct option names[] = {
		{"quick", no_argument, NULL, 'q'},	{"check", no_argument, NULL, 'c'},
		{"json", required_argument, NULL, 'j'}, {"only", required_argument, NULL, 'o'},
		{"help", no_argument, NULL, 'h'},
		{},
	};
	int option;

	*ret = (struct options){.effort = &full};
	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (option == 'q')
			ret->effort = &quick;
		else if (option == 'c')
			ret->effort = &check;
		else if (option == 'j')
			ret->json = optarg;
		else if (option == 'o')
			ret->only = optarg;
		else if (option == 'h')
			return fputs(help, stdout), 1;
		else
			return -EINVAL; /* getopt has said why */
	}
	if (ret->effort == &check && ret->json) {
		log_error("--json has nothing to tell beside --check");
		return -EINVAL;
	}
	if (optind < argc) {
		log_error("%s: not an option: see --help", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

static unsigned int seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - start->tv_sec;
}

static void progress(size_t load, size_t loads)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (load < loads)
		fprintf(stderr, "\rmeasuring, load %zu of %zu ...", load + 1, loads);
	else
		fprintf(stderr, "\r\033[K");
}

/* Can this process load BPF programs at all? */
static int probe(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", sizeof(__u32), sizeof(__u32), 1, NULL);

	if (fd < 0) {
		log_error("cannot use BPF here: %s: run as root", strerror(-fd));
		return fd;
	}
	close(fd);
	return 0;
}

/*
 * A sample that another process interrupts is of no use. Without the right to it, or under a kernel
 * without it, more samples are thrown away; that is all.
 */
static void go_first(void)
{
	struct sched_param priority = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_FIFO, &priority);
}

static struct row *fewest_samples(const struct bench *bench)
{
	struct row *fewest = bench->rows;

	for (size_t i = 1; i < bench->n_rows; i++)
		if (bench->rows[i].n_samples < fewest->n_samples)
			fewest = &bench->rows[i];
	return fewest;
}

/* Until every row has `samples` in all, or time is up. */
static int measure_all(struct bench *bench, size_t samples, const struct timespec *start,
		       unsigned int seconds)
{
	int r = 0;

	while (r == 0 && seconds_since(start) < seconds) {
		struct row *row = fewest_samples(bench);

		if (row->n_samples >= samples)
			break;
		r = bench_sample(bench, row);
	}
	return r;
}

#define CHECK_ROUNDS 2 /* so that each row meets what all others leave behind */

static int run_all(struct bench *bench)
{
	int r = 0;

	for (size_t i = 0; i < CHECK_ROUNDS * bench->n_rows && r == 0; i++)
		r = bench_run(bench, &bench->rows[i % bench->n_rows]);
	return r;
}

/* Is there a row whose path's name begins so? */
static bool bench_has(const struct bench *bench, const char *beginning)
{
	for (size_t i = 0; i < bench->n_rows; i++)
		if (strncmp(bench->rows[i].path->name, beginning, strlen(beginning)) == 0)
			return true;
	return false;
}

/* Loads the programs, looks at what they do, and times them. */
static int measure_load(struct bench *bench, const struct effort *effort, size_t load,
			const struct timespec *start)
{
	int r = world_new(&bench->world);

	if (r == 0)
		r = programs_new(bench->world, &bench->programs);
	if (r == 0)
		r = programs_store(bench->programs, &bench->sockets);
	for (size_t i = 0; i < bench->n_rows && r == 0; i++)
		r = bench_check(bench, &bench->rows[i]);
	if (r == 0 && effort == &check)
		r = run_all(bench);
	else if (r == 0)
		r = measure_all(bench, (load + 1) * effort->rounds, start,
				effort->seconds * (load + 1) / effort->loads);
	if (r == 0 && load + 1 == effort->loads && bench_has(bench, "agent-"))
		r = crosscheck_run(bench->programs, &bench->sockets, bench->checks);
	bench->last = NULL;
	bench->programs = programs_free(bench->programs);
	bench->world = world_free(bench->world);
	return r;
}

static int prepare(struct bench *bench, const struct options *options)
{
	const struct effort *effort = options->effort;
	int r = bench_rows(bench, options->only, effort->loads * effort->rounds);

	if (r == -ENOENT)
		log_error("%s: there is no such path: see docs/performance.md", options->only);
	if (r == 0)
		r = probe();
	if (r == 0)
		r = sockets_enter_namespace();
	if (r == 0)
		r = sockets_connect(&bench->sockets);
	if (r == 0)
		r = home_build();
	if (r == 0)
		r = crosscheck_prepare();
	return r;
}

static void bench_clear(struct bench *bench)
{
	for (size_t i = 0; i < bench->n_rows; i++)
		free(bench->rows[i].samples);
	free(bench->rows);
}

static int run(const struct options *options)
{
	_cleanup_(bench_clear) struct bench bench = {};
	struct machine machine = {};
	struct timespec start;
	int r;

	clock_gettime(CLOCK_MONOTONIC, &start);
	machine_read(&machine);
	r = prepare(&bench, options);
	go_first();
	for (size_t load = 0; load < options->effort->loads && r == 0; load++) {
		progress(load, options->effort->loads);
		r = measure_load(&bench, options->effort, load, &start);
	}
	progress(options->effort->loads, options->effort->loads);
	if (r < 0)
		return r;
	if (options->effort == &check) {
		printf("%zu rows: every packet ended where it should\n", bench.n_rows);
		return 0;
	}
	report_table(stdout, &machine, &bench);
	return options->json ? report_json(options->json, &machine, &bench) : 0;
}

static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return 0;
}

int main(int argc, char **argv)
{
	struct options options;
	int r = parse_options(argc, argv, &options);

	if (r != 0)
		return r < 0 ? 2 : EXIT_SUCCESS;
	libbpf_set_print(print_nothing);
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
