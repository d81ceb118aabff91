# tarn: make build, make demo, make test. Each installs what it needs and says so.
TAGS    := duckdb_arrow
VERSION ?= dev
PYTHON  := $(CURDIR)/.venv/bin/python
export TARN_TEST_PYTHON ?= $(PYTHON)
GO_TEST := go test -tags $(TAGS)
PACKAGES := ./cmd/... ./internal/... ./web ./python ./examples

.PHONY: build demo test unit e2e soak bench lint web generate clean

build: web ## bin/tarn, with the console in it
	@echo "== building bin/tarn (the first build takes some minutes)"
	go build -tags $(TAGS) -ldflags "-s -w -X main.version=$(VERSION)" -o bin/tarn ./cmd/tarn

web: web/dist/index.html ## the console

web/node_modules/.package-lock.json: web/package-lock.json
	@echo "== installing the console's packages"
	cd web && npm ci --no-audit --no-fund --loglevel=error

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/index.html web/public -type f 2>/dev/null)
	@echo "== building the console"
	cd web && npm run build --silent
	@touch $@

demo: build ## flights, from files to a dashboard
	bin/tarn demo build/demo --data build/demo/.tarn

.venv/ready: scripts/requirements.txt
	@echo "== installing the Python clients that tests use into .venv"
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	.venv/bin/uv pip install --quiet --python $(PYTHON) -r scripts/requirements.txt
	@touch $@

test: build .venv/ready ## everything that CI checks
	scripts/packages chromium postgresql-client awscli
	@echo "== generated code is up to date"
	go run ./internal/awsgen -out build/api && diff -r build/api api
	@echo "== go vet, gofmt"
	@test -z "$$(gofmt -l cmd internal examples web/*.go python/*.go e2e bench)" || { gofmt -l cmd internal examples web/*.go python/*.go e2e bench; exit 1; }
	go vet -tags $(TAGS) $(PACKAGES) ./e2e/... ./bench/...
	@echo "== unit and client tests"
	$(GO_TEST) $(PACKAGES)
	@echo "== race detector"
	$(GO_TEST) -race -short ./internal/meta/... ./internal/s3/... ./internal/awsapi/... ./internal/identity/... ./internal/glue/workflow/... ./internal/engine/...
	@echo "== Python"
	.venv/bin/ruff check python scripts examples
	cd python && $(PYTHON) -m pytest -q tests
	@echo "== console"
	cd web && npm run lint --silent && npm test --silent
	$(MAKE) e2e

e2e: build .venv/ready ## real clients and a real browser against a real process
	scripts/packages chromium postgresql-client awscli
	@echo "== end to end"
	TARN_BIN=$(CURDIR)/bin/tarn $(GO_TEST) -count=1 -timeout 20m ./e2e/...

soak: build .venv/ready ## kill -9, again and again
	TARN_BIN=$(CURDIR)/bin/tarn TARN_SOAK=1 $(GO_TEST) -count=1 -timeout 60m -run Soak ./e2e/...

bench: build .venv/ready ## figures beside the bare engine
	TARN_BIN=$(CURDIR)/bin/tarn go run -tags $(TAGS) ./bench

lint: ## golangci-lint with the import rules, ruff, eslint
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run --build-tags $(TAGS) ./cmd/... ./internal/...
	.venv/bin/ruff check python scripts examples
	cd web && npm run lint --silent

generate: ## api/ from models/, docs/coverage.md
	go run ./internal/awsgen
	go run ./internal/awsgen -coverage docs/coverage.md

clean:
	rm -rf bin build web/dist/* .venv
