// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Orchestrator is a small orchestrator of workflows that runs their agent nodes with
// libagentrun: in this process, or through a queue in Redis.
//
//	go run . -listen 127.0.0.1:8090
//
// A workflow is kept in versions; each patch makes a new one:
//
//	curl -H 'X-User-ID: ada' -d @- localhost:8090/api/v1/workflows <<END
//	{"tag": "prices", "workflow": {
//	  "nodes": [{"id": "cheap", "type": "agent", "config": {"task": "filter rows where price < 100"}},
//	            {"id": "many", "type": "agent", "config": {"task": "count rows"}}],
//	  "edges": [{"from": "cheap", "to": "many"}]}}
//	END
//	curl 'localhost:8090/api/v1/workflows/prices?materialize=true'
//
// A run works through its nodes. An agent starts from the rows that the run was given, or
// from what the nodes before it put out:
//
//	curl -H 'X-User-ID: ada' localhost:8090/api/v1/runs \
//	  -d '{"tag": "prices", "data": [{"price": 9}, {"price": 900}]}'
//	curl localhost:8090/api/v1/runs/RUN_ID
//	curl 'localhost:8090/api/v1/results?ref=artifact://…'
//
// An agent may change its own workflow ("add a task node named tell after many"): the
// library asks for the workflow and sends the patch here. It makes a new version, and the
// run goes on with that one.
//
//	POST  /api/v1/runs/RUN_ID/patches
//	PATCH /api/v1/workflows/TAG/patch     {"operations", "description", "node_id"}
//
// Who asks is told by X-User-ID; a patch that comes again with the same Idempotency-Key
// is answered as it was the first time. A body's base_hash is checked against the
// workflow (409).
//
// With -redis, agents are jobs on a queue there, for as many processes of "agentrun
// worker" as there are, with ORCHESTRATOR_URL set to this one; this process is a worker
// of its own, too, unless -worker=false. With -state FILE, workflows last;
// runs are gone with the process.
//
// Node types other than agent are markers here: they are done at once. Conditions of edges
// are not looked at. Who owns a workflow is checked, but not who somebody is: put it behind
// something that does.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/redis"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "`address` to listen on")
	config := flag.String("config", "", "configuration of the library, a YAML `file`")
	state := flag.String("state", "", "`file` that keeps the workflows")
	url := flag.String("redis", "", "`URL` of a Redis server: agents are jobs on a queue there")
	worker := flag.Bool("worker", true, "with -redis: work off the queue in this process, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *listen, *config, *state, *url, *worker); err != nil {
		log.Fatal("orchestrator: ", err)
	}
}

func serve(ctx context.Context, listen, config, state, redisURL string, worker bool) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	rt, err := agentrun.New(&agentrun.Options{
		ConfigFile: config,
		Env:        true,
		Set:        map[string]string{"orchestrator.api_url": "http://" + listener.Addr().String()},
		Log: func(e agentrun.LogEvent) {
			log.Printf("%s: %s", e.Subject, e.Message)
		},
		LogLevel: agentrun.LevelWarn,
	})
	if err != nil {
		return err
	}
	defer rt.Close()

	open := openLocal
	if redisURL != "" {
		open = func(rt *agentrun.Runtime) (*agentrun.Store, agents, error) {
			return openRedis(rt, redisURL, worker)
		}
	}
	store, agents, err := open(rt)
	if err != nil {
		return err
	}
	defer store.Close()
	defer agents.close()

	o, err := newOrchestrator(rt, store, agents, state)
	if err != nil {
		return err
	}
	defer o.close()
	server := &http.Server{Handler: o.handler(), ReadHeaderTimeout: 10 * time.Second}
	down := make(chan struct{}) // nobody is being served any more
	context.AfterFunc(ctx, func() {
		defer close(down)
		late, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(late)
	})
	log.Printf("listening on http://%s", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-down // Serve returns as Shutdown begins: handlers still need what is closed behind it
	return nil
}

func openLocal(rt *agentrun.Runtime) (*agentrun.Store, agents, error) {
	store, err := agentrun.NewMemoryStore(0)
	if err != nil {
		return nil, nil, err
	}
	engine, err := rt.NewEngine(&agentrun.EngineOptions{Store: store})
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return store, inProcess{engine}, nil
}

// openRedis has jobs and results in Redis, where every worker finds them.
func openRedis(rt *agentrun.Runtime, url string, worker bool) (*agentrun.Store, agents, error) {
	store, err := redis.NewStore(rt, redis.StoreOptions{URL: url})
	if err != nil {
		return nil, nil, err
	}
	queue, err := redis.NewQueue(rt, redis.QueueOptions{URL: url})
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	out := &queued{queue: queue}
	if worker {
		err = out.work(rt, store)
	}
	if err != nil {
		out.close()
		store.Close()
		return nil, nil, err
	}
	return store, out, nil
}
