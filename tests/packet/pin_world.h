/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pins of the gateway under test, as a test gives them and as it finds them. */
#pragma once

#include "tests/packet/gateway_world.h"

/* The client's flow to a service's port. */
struct pin_flow {
	int v;
	int protocol;
	int service;
	int port;
};

#define WEB_FLOW(v) (struct pin_flow){v, IPPROTO_TCP, WEB, 80}
#define PLAIN_FLOW(v) (struct pin_flow){v, IPPROTO_TCP, PLAIN, 443}
#define NAMES_FLOW(v) (struct pin_flow){v, IPPROTO_UDP, NAMES, 53}

/* The time in ticks, and what it will be, or was: `ms` from now. */
__u16 pin_now(void);
__u16 pin_at(int ms);

/* Of a flow that has no pin yet: as if its last packet had come `ticks` ago. */
void given_pin(struct pin_flow flow, int backend, __u32 isn_tag, enum pin_phase phase, int ticks);

/* Of the flow's hash, as its pin and its mark are made of it. */
__u64 pin_mix_of(struct pin_flow flow);

/* The state of the flow's pin, dead or alive; 0: it has none. */
__u64 pin_of(struct pin_flow flow);

/* The flow's backend, or 0. */
int pinned_to(struct pin_flow flow);

void given_busy_bucket(struct pin_flow flow);
/* As many living pins of other flows as the flow's bucket holds. */
void given_full_bucket(struct pin_flow flow);
int pins_in_bucket(struct pin_flow flow);
void given_idle_bucket(struct pin_flow flow);
