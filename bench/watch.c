/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long a gateway takes from a change to the rows that packets go by: looks, in the memory that it
 * shares with its program, at all services until the generations of one are others.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "base/log.h"
#include "wire/maps.h"

#define PATIENCE_MS 30000

static const char help[] =
	"usage: holdfast-bench-watch SERVICES signal PID NUMBER\n"
	"       holdfast-bench-watch SERVICES rename FROM TO\n"
	"       holdfast-bench-watch SERVICES log FILE\n"
	"\n"
	"Sends the signal, renames the file, or waits for a line in the log; then prints how\n"
	"many ms later the rows of a service in the pinned map SERVICES changed.\n";

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static const struct service *map_services(const char *path)
{
	int fd = bpf_obj_get(path);
	void *memory;

	if (fd < 0)
		return NULL;
	memory = mmap(NULL, SERVICES_MAX * sizeof(struct service), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static void read_generations(const struct service *services, uint32_t *ret)
{
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		ret[i] = *(const volatile uint32_t *)&services[i].rows.banks;
}

static bool has_changed(const struct service *services, const uint32_t *before)
{
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		if (*(const volatile uint32_t *)&services[i].rows.banks != before[i])
			return true;
	return false;
}

static off_t size_of(const char *file)
{
	struct stat status;

	return stat(file, &status) < 0 ? -1 : status.st_size;
}

/* The log's next line says that something has become known. */
static int wait_for_line(const char *file)
{
	off_t before = size_of(file);
	double deadline = now_ms() + PATIENCE_MS;

	while (size_of(file) == before)
		if (now_ms() > deadline)
			return -ETIMEDOUT;
	return 0;
}

/* What begins it. 0 or a negative errno. */
static int begin(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[2], "signal") == 0)
		return kill(atoi(argv[3]), atoi(argv[4])) < 0 ? -errno : 0;
	if (argc == 5 && strcmp(argv[2], "rename") == 0)
		return rename(argv[3], argv[4]) < 0 ? -errno : 0;
	if (argc == 4 && strcmp(argv[2], "log") == 0)
		return wait_for_line(argv[3]);
	fputs(help, stderr);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static uint32_t before[SERVICES_MAX];
	const struct service *services = argc > 1 ? map_services(argv[1]) : NULL;
	double start;
	int r;

	if (!services) {
		fputs(help, stderr);
		return 2;
	}
	read_generations(services, before);
	r = begin(argc, argv);
	start = now_ms();
	while (r == 0 && !has_changed(services, before))
		if (now_ms() - start > PATIENCE_MS)
			r = -ETIMEDOUT;
	if (r < 0) {
		log_error("%s", strerror(-r));
		return EXIT_FAILURE;
	}
	printf("%.2f\n", now_ms() - start);
	return EXIT_SUCCESS;
}
