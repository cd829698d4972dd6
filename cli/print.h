/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon's answers for people, and what is printed for programs. */
#pragma once

#include <jansson.h>
#include <stdio.h>

void print_status(const json_t *status, FILE *to);
void print_rests(const json_t *rests, FILE *to);
void print_path(const json_t *path, FILE *to);
void print_switched(const json_t *answer, FILE *to);

/* On stdout, and a newline. */
void print_json(const json_t *json);
