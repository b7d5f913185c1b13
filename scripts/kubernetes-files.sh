#!/bin/sh
# Writes the two manifests that repeat other files: the broker's configuration (deploy/nats/nats.conf) and the alert rules
# (deploy/alerts.yml). Run it after a change of one of these; test/deploy/kubernetes.test.ts compares. Applies nothing.
set -eu
help() {
  cat <<'HELP'
Usage: sh scripts/kubernetes-files.sh

Writes the two manifests that repeat other files: the broker's configuration and the alert rules. Run it after a change
of deploy/nats/nats.conf or deploy/alerts.yml. It applies nothing.

Exit code: 0 written.
HELP
}
case " $* " in *' --help '* | *' -h '*) help; exit ;; esac

cd -- "$(dirname -- "$0")/.."

# Behind a heading, the text with N spaces before each line that is not empty.
indented() { sed "s/^\(.\)/$1\1/"; }

{
  cat <<'HEAD'
# Made by scripts/kubernetes-files.sh from deploy/nats/nats.conf: change that file, and run the script.

apiVersion: v1
kind: ConfigMap
metadata:
  name: nats
  labels:
    app.kubernetes.io/name: nats
data:
  nats.conf: |
HEAD
  indented '    ' < deploy/nats/nats.conf
} > deploy/kubernetes/nats-configmap.yaml

{
  cat <<'HEAD'
# Made by scripts/kubernetes-files.sh from deploy/alerts.yml: change that file, and run the script. Rules of programs that do not
# run in the cluster never fire. If your Prometheus selects rules by a label, add it.

apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: truebit-aggregator
  labels:
    app.kubernetes.io/name: truebit-aggregator
spec:
HEAD
  sed -n '/^groups:/,$p' deploy/alerts.yml | indented '  '
} > deploy/kubernetes/monitoring/prometheusrule.yaml
