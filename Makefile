# make up       the whole platform on this machine, ends by printing the URL
# make preview  what it would deploy and whether that will work, without Docker, root or credentials
# make test     every test: mocks, scripts, engine and twin, then the lab end to end
# README.md says what each installs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Everything is compiled in one way, the one of Pulumi's language host, so that what two programs share is compiled once.
export GOFLAGS += -trimpath
export CGO_ENABLED := 0
# The compiler takes a fifth less time when it collects its garbage less often; the lab itself goes without.
LAB := cd tests/lab && GOGC=400 go run .
# A long run ends by saying again which tests failed, and of what.
LAB_TESTS := cd tests/lab && go tool gotestsum --format standard-verbose --

.PHONY: help up down clean ssh dashboards image preview comment what-if bench calibrate bump prepare test unit engine e2e lifecycle cis race lint vulnerabilities golden

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 17

up: ## the whole platform on this machine; repeat it to apply changes (LAB_DEBIAN=12 for that release; LAB_NAME=name LAB_VPC=block for one more beside it)
	@$(LAB) up

down: ## remove everything that make up started (LAB_NAME=name)
	@$(LAB) down

clean: ## remove what labs keep for the next one: tools, package repositories, images
	@$(LAB) clean

ssh: export NODE := $(NODE)
ssh: export COMMAND := $(COMMAND)
ssh: ## log in to a node of make up (NODE=name, COMMAND="one to run there")
	@$(LAB) ssh

dashboards: ## open the pages of the monitoring of make up, where monitoring.enabled is true, until it is interrupted
	@$(LAB) dashboards

image: ## build the shop's backend for amd64 and arm64, without Docker; pushes it to REPOSITORY=registry/name (TAG=tag), else writes bin/shop.tar
	@$(LAB) image

preview: export REPORT := $(if $(REPORT),$(abspath $(REPORT)))
preview: export RESOURCES := $(if $(RESOURCES),$(abspath $(RESOURCES)))
preview: export DIFF := $(if $(DIFF),$(abspath $(DIFF)))
preview: export BASE := $(BASE)
preview: export BASE_REPORT := $(if $(BASE_REPORT),$(abspath $(BASE_REPORT)))
preview: export BASE_RESOURCES := $(if $(BASE_RESOURCES),$(abspath $(BASE_RESOURCES)))
preview: export BASE_DIFF := $(if $(BASE_DIFF),$(abspath $(BASE_DIFF)))
preview: export SOURCES := $(if $(SOURCES),$(abspath $(SOURCES)))
preview: ## what would be deployed and whether it will work; no Docker, root or credentials (BASE=revision that runs, REPORT=file RESOURCES=file DIFF=file SOURCES=file)
	@$(LAB) preview

comment: override HEAD := $(abspath $(HEAD))
comment: override BASE := $(if $(BASE),$(abspath $(BASE)))
comment: override COMMENT := $(if $(COMMENT),$(abspath $(COMMENT)))
comment: ## render what previews left in HEAD=dir and BASE=dir as a pull request comment (COMMENT=file; for links DOCS=address of docs FILES=address of the program)
	@cd policy && go run ./cmd/report comment -head "$(HEAD)" -base "$(BASE)" -docs "$(DOCS)" -files "$(FILES)" $(if $(COMMENT),> "$(COMMENT)")

what-if: ## what LOSE_NODE=name, LOSE_ZONE=zone, DRAIN=name or ADD_WORKER=type (LIKE=name) would do to RESOURCES=file or STATE=file
	@cd policy && go run ./cmd/report what-if -resources "$(if $(RESOURCES),$(abspath $(RESOURCES)))" -state "$(if $(STATE),$(abspath $(STATE)))" \
		-lose-node "$(LOSE_NODE)" -lose-zone "$(LOSE_ZONE)" -drain "$(DRAIN)" -add-worker "$(ADD_WORKER)" -like "$(LIKE)"

bench: ## measure bring-up beside a bare script, idle runs, load, latency and growth; and what the preview says of changes; writes docs/benchmarks.md and docs/predictions.md (PARTS="preview lab changes")
	@$(LAB) bench

calibrate: export CASE := $(CASE)
calibrate: export CASES := $(CASES)
calibrate: ## hold the preview's verdicts against a real control plane; writes docs/calibration.md, and goes on where it was ended (PARTS="changes cronjobs" CASES=number, CASE=seed for one)
	@$(LAB) calibrate

# Modules that the checksum database does not know. Once go.sum has their sums, nobody asks it.
bump: export GONOSUMDB := github.com/pulumi/*,github.com/projectcalico/*,github.com/tigera/*,k8s.io/kube-state-metrics/*,k8s.io/sample-controller
bump: ## change a version everywhere (KUBERNETES=1.36.6, DEFAULT=1.36 for the minor of new clusters, CALICO=3.31.7 CALICO_SHA256=sum, CONTAINERD=2.2.4, CLOUDNATIVE_PG=1.30.0, NODE_EXPORTER=1.9.1, METRICS_SERVER=0.8.0, VICTORIA_METRICS=1.151.0, VICTORIA_LOGS=1.52.1, ALERTMANAGER=0.28.1, KUBE_STATE_METRICS=2.16.0)
	@$(LAB) bump
	@$(MAKE) golden

prepare: ## install and build what the tests need
	@$(LAB) prepare

test: prepare unit engine e2e ## every test
	@echo "== all tests passed"

# The plain targets below expect what `make prepare` installs.
unit: ## components on mocks, node scripts on stubs, policies on fixtures
	@echo "== unit tests: components on mocks, node scripts on stubs (the first compile of the AWS SDK takes minutes)"
	go test ./...
	cd cluster/versions && go test ./...
	cd policy && go test ./...
	@echo "== the shop's backend on a PostgreSQL and a Redis of its own"
	cd workloads/shop && CGO_ENABLED=1 go test -race ./...

engine: ## twin, provider stand-ins and the real engine in model mode
	@echo "== engine tests: the pulumi command on the twin in model mode"
	cd tests/lab && go test -timeout 30m ./...

e2e: ## the platform on real machines in containers, and the short way through its life
	@echo "== end-to-end tests: the platform on the lab"
	$(LAB_TESTS) -tags lab -count 1 -timeout 60m -p 1 ./machines ./twin ./e2e ./lifecycle

lifecycle: ## the whole life of the platform: autoscaling and monitoring under load, killed on its way, machines that come, go and fail, upgrade, restore, destroy
	@$(LAB) prepare-lifecycle
	$(LAB_TESTS) -tags lab,lifecycle -count 1 -timeout 60m ./e2e -run 'TestAutoscale|TestMonitoring'
	$(LAB_TESTS) -tags lab,lifecycle -count 1 -timeout 120m -p 1 ./lifecycle

cis: prepare ## hold nodes of each role on the lab against the CIS benchmark; prints the table and writes docs/cis.md
	cd tests/lab && go test -tags lab -count 1 -timeout 60m -v ./e2e -run TestCIS -args -update

race: prepare ## the policy pack's and the lab's tests without machines, with the race detector
	cd policy && CGO_ENABLED=1 go test -race ./...
	cd tests/lab && CGO_ENABLED=1 go test -race -timeout 60m ./...

lint: ## gofmt, go vet, golangci-lint, shellcheck, shfmt, actionlint
	@$(LAB) lint

vulnerabilities: ## known vulnerabilities in the code that is called; asks vuln.go.dev
	@$(LAB) vulnerabilities

golden: ## rewrite every file that is made from the program: golden files, the policies' tables, the page on previews, the report's schema and picture
	go test . ./tests/ -update
	cd tests/lab && go test ./preview -run TestPreviewOfTheDevStack -update
	cd tests/lab && go test ./manifests -run TestNothingIsFoundThatIsNotAccepted -update
	cd policy && go test ./rules ./comment ./picture ./report ./model -update
