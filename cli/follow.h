/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lists that a daemon keeps the newest of, and numbers: {"next": N, "lost": N, "events": [...]}. Who
 * follows one asks from "next" on, again and again.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct command;

struct follow {
	const struct command *command; /* its --json and --count */
	void (*print)(const json_t *event, FILE *to);
	json_int_t next; /* the number of the event that comes next */
	json_int_t lost; /* so far */
	unsigned int shown;
};

/* Asks for what has come since; 0 and *ret, or a negative errno after an error was printed. */
int follow_fetch(const struct follow *follow, const char *resource, json_t **ret);

/* Prints an answer's events. 0; 1 when as many were shown as were asked for; or a negative errno. */
int follow_show(struct follow *follow, const json_t *answer);
