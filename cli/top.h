/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `holdfast top`: what goes on, live: rates by verdict, gateways, services with their backends. */
#pragma once

struct command;

int top_run(const struct command *command);
