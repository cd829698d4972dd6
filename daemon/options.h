/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The options of holdfast-gateway and holdfast-agent: one table gives parsing, --help and the manual. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "core/scheme.h"

#define CONFIG_DEFAULT "/etc/holdfast/holdfast.yaml"

struct daemon_options {
	const char *config; /* path of the configuration */
	const char *node;   /* our name in it; the host's name by default */
	const char *bpffs;  /* directory for the pins, on a bpffs or to become one */
	const char *socket; /* path of the control socket */
	const char *state;  /* file that keeps the store's last state */
	bool detach;	    /* take everything down instead of running */
	const char *scheme_name;
	enum scheme scheme; /* what it names */
};

/* What differs between the two programs. */
struct daemon_program {
	const char *name;    /* holdfast-gateway */
	const char *subject; /* what it is, a few words for the manual's first line */
	const char *summary; /* a line for --help */
	const char *bpffs;   /* defaults */
	const char *socket;
	const char *state;
};

/*
 * 0: run with *ret; 1: help or version was asked for and printed; -EINVAL: a one-line error was
 * printed. Strings are of `argv`, of `program`, or static.
 */
int daemon_options_parse(const struct daemon_program *program, int argc, char **argv,
			 struct daemon_options *ret);

/*
 * "holdfast 0.1.0, map layout 4": a build takes over from another by a restart only where both have the same
 * layout (daemon/pins.h).
 */
void version_print(const char *program, FILE *to);
