/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The verbs that change what a fleet shares in etcd. A change is made to the whole tree as it is read,
 * checked as a whole, and written in one transaction that compares the manifest: so it is applied to
 * what it was checked with, or not at all. If somebody else was faster it is made again, unless what he
 * changed is what this one is about: then one is told.
 *
 * All of them print what they did, and return 0 or, after one-line errors, a negative errno.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

struct command;

int config_push_run(const struct command *command);
int config_pull_run(const struct command *command);

int backend_add_run(const struct command *command);
int backend_drain_run(const struct command *command);
int backend_undrain_run(const struct command *command);
int backend_remove_run(const struct command *command);
int service_add_run(const struct command *command);
int service_set_run(const struct command *command);
int service_remove_run(const struct command *command);
int gateway_drain_run(const struct command *command);
int gateway_undrain_run(const struct command *command);
int site_drain_run(const struct command *command);
int site_undrain_run(const struct command *command);
