/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One running gateway: what it was told, what it planned, and its holds on kernel and clients. */
#pragma once

#include "base/fib.h"
#include "core/plan.h"
#include "daemon/exports.h"
#include "daemon/inputs.h"
#include "daemon/ledger.h"
#include "daemon/loop.h"
#include "daemon/options.h"
#include "daemon/pins.h"
#include "daemon/push.h"
#include "daemon/store.h"
#include "gateway/dataplane.h"
#include "gateway/inquiries.h"
#include "gateway/leaving.h"
#include "gateway/loads.h"
#include "gateway/monitor.h"
#include "gateway/peers.h"
#include "gateway/steer.h"
#include "gateway/sweep.h"
#include "gateway/trace.h"
#include "io/control.h"
#include "io/rtnetlink.h"

struct gateway_daemon {
	struct daemon_options options;
	struct loop *loop;
	struct control *control;
	struct pins *pins;
	struct interfaces *interfaces;
	struct fib *fib;
	struct rtnetlink *netlink;
	struct store *store;
	struct ledger *ledger;
	struct peers *peers;
	struct monitor *monitor;
	struct loads *loads;
	struct steer *steer;
	struct trace *trace;
	struct inquiries *inquiries;
	struct sweep *sweep;
	struct leaving *leaving;
	struct exports *exports;
	struct push *push;
	/* Replaced together by a configuration that was read, planned and applied. */
	struct inputs *inputs;
	const struct config_gateway *self;
	struct plan *plan;
	struct dataplane *dataplane;
};

/* What the control socket answers. */
extern const struct control_resource gateway_resources[];

/* What rests as of now, and what connections carry by all agents' word. Valid until the next call. */
const struct rests *gateway_rests(const struct gateway_daemon *gateway);

/* The verdicts' counters, and all that can be counted, for the exports: see daemon/metrics.h. */
int answer_counters(const struct control_request *request, void *userdata, json_t **ret);
int answer_metrics(const struct control_request *request, void *userdata, json_t **ret);
