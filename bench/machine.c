/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "bench/machine.h"

#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config_build.h"

static void read_cpu(char *ret, size_t size)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/cpuinfo", "re");
	char line[256], name[128];

	snprintf(ret, size, "unknown");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "model name : %127[^\n]", name) == 1) {
			snprintf(ret, size, "%s", name);
			return;
		}
}

static bool read_jit(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/net/core/bpf_jit_enable", "re");

	return file && fgetc(file) != '0';
}

void machine_read(struct machine *ret)
{
	struct utsname system;

	if (uname(&system) == 0)
		snprintf(ret->kernel, sizeof(ret->kernel), "%s %s", system.release, system.machine);
	read_cpu(ret->cpu, sizeof(ret->cpu));
	ret->cores = sysconf(_SC_NPROCESSORS_ONLN);
	ret->jit = read_jit();
	if (getloadavg(&ret->load, 1) < 1)
		ret->load = 0;
}

void machine_print(FILE *file, const struct machine *machine)
{
	fprintf(file, "holdfast %s, kernel %s, %s, %ld cores, load %.1f%s\n\n", HOLDFAST_VERSION,
		machine->kernel, machine->cpu, machine->cores, machine->load,
		machine->jit ? "" : ", BPF JIT OFF");
}

json_t *machine_json(const struct machine *machine)
{
	return json_pack("{s:s s:s s:s s:i s:b s:f}", "holdfast", HOLDFAST_VERSION, "kernel",
			 machine->kernel, "cpu", machine->cpu, "cores", (int)machine->cores, "jit",
			 machine->jit, "load_before", machine->load);
}
