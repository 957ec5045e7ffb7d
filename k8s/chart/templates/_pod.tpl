{{/* The Kafka user of a workload, and the Secret with its password. */}}
{{- define "tributary.kafkaUser" -}}
{{- if .root.Values.strimzi.users }}{{ include "tributary.objectName" . }}{{ else }}{{ .root.Values.kafka.user }}{{ end }}
{{- end }}
{{- define "tributary.kafkaPassword" -}}
{{- if .root.Values.strimzi.users }}
name: {{ include "tributary.objectName" . }}
key: password
{{- else }}
{{- toYaml .root.Values.kafka.password }}
{{- end }}
{{- end }}

{{/* The variables of a workload: Kafka, the configuration, and references to Secrets. */}}
{{- define "tributary.env" -}}
{{- $values := .root.Values }}
{{- $kafka := $values.kafka }}
{{- $login := "" }}
{{- $parameters := list }}
{{- if $kafka.sasl }}
{{- $login = "$(KAFKA_USER):$(KAFKA_PASSWORD)@" }}
{{- $parameters = append $parameters (printf "sasl=%s" $kafka.sasl) }}
- name: KAFKA_USER
  value: {{ include "tributary.kafkaUser" . | quote }}
- name: KAFKA_PASSWORD
  valueFrom:
    secretKeyRef: {{- include "tributary.kafkaPassword" . | nindent 6 }}
{{- end }}
{{- if $kafka.parameters }}{{ $parameters = append $parameters $kafka.parameters }}{{ end }}
- name: TRIBUTARY_TRANSPORT
  value: {{ printf "%s://%s%s%s%s" (ternary "kafkas" "kafka" $kafka.tls) $login $kafka.brokers (ternary "?" "" (gt (len $parameters) 0)) (join "&" $parameters) | quote }}
{{- range $key, $value := $values.config }}
{{- if not (hasKey $values.secrets $key) }}
- name: {{ include "tributary.variable" $key }}
  value: {{ ternary (printf "%d" (int64 $value)) $value (or (kindIs "float64" $value) (kindIs "int64" $value)) | quote }}
{{- end }}
{{- end }}
{{- range $key, $secret := $values.secrets }}
{{- if $secret.url }}
{{- $password := printf "%s_PASSWORD" (upper $key) }}
- name: {{ $password }}
  valueFrom:
    secretKeyRef: {{- toYaml $secret.password | nindent 6 }}
- name: {{ include "tributary.variable" $key }}
  value: {{ $secret.url | replace "$(PASSWORD)" (printf "$(%s)" $password) | quote }}
{{- else }}
- name: {{ include "tributary.variable" $key }}
  valueFrom:
    secretKeyRef: {{- toYaml $secret | nindent 6 }}
{{- end }}
{{- end }}
{{- if $values.tls.secret }}
- name: TRIBUTARY_TLS_CA
  value: /etc/tributary/tls/{{ $values.tls.ca }}
{{- if $values.tls.cert }}
- name: TRIBUTARY_TLS_CERT
  value: /etc/tributary/tls/{{ $values.tls.cert }}
- name: TRIBUTARY_TLS_KEY
  value: /etc/tributary/tls/{{ $values.tls.key }}
{{- end }}
{{- end }}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ int .settings.heapMb }}
{{- with .settings.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* metricsPort becomes TRIBUTARY_METRICS_PORT. */}}
{{- define "tributary.variable" -}}
TRIBUTARY_{{ regexReplaceAll "[A-Z]" . "_${0}" | upper }}
{{- end }}

{{- define "tributary.volumeMounts" -}}
- name: data
  mountPath: /data
- name: tmp
  mountPath: /tmp
{{- if .root.Values.tls.secret }}
- name: tls
  mountPath: /etc/tributary/tls
  readOnly: true
{{- end }}
{{- range .root.Values.mounts }}
- name: {{ .name }}
  mountPath: {{ .path }}
  readOnly: true
{{- end }}
{{- end }}

{{- define "tributary.volumes" -}}
- name: data
{{- if .claim }}
  persistentVolumeClaim:
    claimName: {{ .claim }}
{{- else }}
  emptyDir:
    sizeLimit: {{ .settings.dataSize }}
{{- end }}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- if .root.Values.tls.secret }}
- name: tls
  secret:
    secretName: {{ .root.Values.tls.secret }}
{{- end }}
{{- range .root.Values.mounts }}
- name: {{ .name }}
  secret:
    secretName: {{ .secret }}
{{- end }}
{{- end }}

{{/* A container of the image: (dict "root" $ "name" … "args" … "settings" …). */}}
{{- define "tributary.container" -}}
image: {{ include "tributary.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args: {{- toYaml .args | nindent 2 }}
env: {{- include "tributary.env" . | nindent 2 }}
resources: {{- toYaml .settings.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts: {{- include "tributary.volumeMounts" . | nindent 2 }}
{{- end }}

{{/* The settings of a pod besides its containers and volumes. */}}
{{- define "tributary.podSettings" -}}
serviceAccountName: {{ .serviceAccount | default (include "tributary.serviceAccount" .root) }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- toYaml .root.Values.podSecurityContext | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .settings.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .settings.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The variables of pods with the HTTP service. */}}
{{- define "tributary.serviceEnv" -}}
- name: TRIBUTARY_SERVE_PORT
  value: '8080'
- name: TRIBUTARY_SERVE_HOST
  value: 0.0.0.0
{{- with .Values.service.keys }}
- name: TRIBUTARY_SERVE_KEYS_FILE
  value: /etc/tributary/keys/{{ .key }}
{{- end }}
{{- end }}
