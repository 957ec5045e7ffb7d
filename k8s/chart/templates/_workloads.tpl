{{/*
Every workload that runs consumer groups, by name, as YAML: the declarations, overridden by the values.
kind: the kind of workload. args: of the command. groups: for its lag, and for what it may read and write. settings: of its pods.
*/}}
{{- define "tributary.workloads" -}}
{{- $map := .Files.Get "files/workloads.yaml" | fromYaml }}
{{- $workloads := dict }}
{{- if eq .Values.mode "up" }}
{{- $groups := merge (dict) $map.jobs $map.rollups $map.reports .Values.extraJobs .Values.rollups.extra }}
{{- if eq (default "off" .Values.config.archive) "on" }}{{ $groups = merge $groups $map.archives }}{{ end }}
{{- $_ := set $workloads "up" (dict "kind" "up" "args" (list "up") "groups" $groups "settings" .Values.up) }}
{{- else }}
{{- range $name, $job := merge (dict) $map.jobs .Values.extraJobs }}
{{- $settings := merge (dict) (default (dict) (get $.Values.jobs $name)) $job }}
{{- if ne (toString $settings.enabled) "false" }}
{{- $groups := dict $name (merge (pick $settings "eventsPerSecond") $job (dict "eventsPerSecond" 2000)) }}
{{- $_ := set $workloads $name (dict "kind" "job" "args" (list "run" $name) "groups" $groups "settings" $settings) }}
{{- end }}
{{- end }}
{{- if .Values.rollups.enabled }}
{{- $groups := merge (dict) $map.rollups .Values.rollups.extra }}
{{- if eq (default "off" .Values.config.archive) "on" }}{{ $groups = merge $groups $map.archives }}{{ end }}
{{- $_ := set $workloads "rollups" (dict "kind" "rollups" "args" (concat (list "run") (keys $groups | sortAlpha)) "groups" $groups "settings" .Values.rollups) }}
{{- end }}
{{- if .Values.reports.enabled }}
{{- $_ := set $workloads "report-worker" (dict "kind" "reports" "args" (list "report" "worker") "groups" $map.reports "settings" .Values.reports) }}
{{- end }}
{{- if .Values.service.enabled }}
{{- $_ := set $workloads "service" (dict "kind" "service" "args" (list "serve") "groups" (dict) "settings" .Values.service) }}
{{- end }}
{{- end }}
{{- toYaml $workloads }}
{{- end }}

{{/* All groups, with topic and partitions. Each has the metrics of a job. */}}
{{- define "tributary.groups" -}}
{{- $groups := dict }}
{{- range (include "tributary.workloads" . | fromYaml) }}{{ $groups = merge $groups .groups }}{{ end }}
{{- toYaml $groups }}
{{- end }}

{{/* Whether rollups write to a server. Their tables then need upkeep to stay small. */}}
{{- define "tributary.objectsAreRemote" -}}
{{- if or .Values.secrets.objects (hasPrefix "s3:" (default "" .Values.config.objects)) }}true{{ end }}
{{- end }}
