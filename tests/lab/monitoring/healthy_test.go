package monitoring

import (
	"fmt"
	"maps"
)

// Series are sampled as often as VictoriaMetrics asks; a fault begins after the first two minutes.
// https://docs.victoriametrics.com/victoriametrics/vmalert-tool/#unit-testing-for-rules
const (
	interval = "15s"
	before   = 8  // samples until the fault, which begins at 2m
	after    = 36 // samples from then on
	// start is the first sample's time, which the tool chooses: the beginning of the year 2000.
	start = 946684800
)

// series are values by the series' name, as the tool writes them.
type series map[string]string

// with is s with the series of others, which win.
func (s series) with(others ...series) series {
	all := maps.Clone(s)
	for _, other := range others {
		maps.Copy(all, other)
	}
	return all
}

// steady has always been so.
func steady(value float64) string { return fmt.Sprintf("%.12gx%d", value, before+after-1) }

// then is one value until the fault and another one from then on.
func then(was, is float64) string { return later(was, is, 0) }

// later is one value until some samples after the fault, and another one from then on.
func later(was, is float64, samples int) string {
	return fmt.Sprintf("%.12gx%d %.12gx%d", was, before+samples-1, is, after-samples-1)
}

// between is a value until the fault, another one for some samples, and the first again.
func between(was, is float64, samples int) string {
	return fmt.Sprintf("%.12gx%d %.12gx%d %.12gx%d", was, before-1, is, samples-1, was, after-samples-1)
}

// gone ends with the fault, as the series of a target that is no more.
func gone() string { return fmt.Sprintf("1x%d stale", before-1) }

// appears begins with the fault.
func appears(value float64) string { return fmt.Sprintf("_x%d %.12gx%d", before, value, after-1) }

// absent is never there.
func absent() string { return fmt.Sprintf("_x%d", before+after-1) }

// counts grows by one number a sample, and from the fault on by another.
func counts(was, is float64) string {
	return fmt.Sprintf("0+%.12gx%d %.12g+%.12gx%d", was, before-1, was*(before-1)+is, is, after-1)
}

// node is what is known of one on which all is well.
func node(name string) series {
	s := series{
		ready(name):               steady(1),
		up("kubelet", name):       steady(1),
		up("cadvisor", name):      steady(1),
		up("node-exporter", name): steady(1), up("calico", name): steady(1),
		fmt.Sprintf("kube_node_created{node=%q}", name): steady(start - 86400),
		disk("avail", name):                             steady(30e9), disk("free", name): steady(32e9), disk("size", name): steady(100e9),
	}
	return s.with(pod("kube-system", "calico-node-"+name, "DaemonSet", "calico-node", name))
}

func ready(node string) string {
	return fmt.Sprintf(`kube_node_status_condition{node=%q,condition="Ready",status="true"}`, node)
}

func up(job, node string) string {
	return fmt.Sprintf("up{job=%q,instance=%q,node=%q}", job, node, node)
}

func upPod(job, namespace, pod, node string) string {
	return fmt.Sprintf("up{job=%q,instance=%q,namespace=%q,pod=%q,node=%q}", job, pod, namespace, pod, node)
}

func disk(what, node string) string {
	return fmt.Sprintf(`node_filesystem_%s_bytes{node=%q,device="/dev/nvme0n1p1",fstype="ext4",mountpoint="/"}`, what, node)
}

// pod is what is known of one that is ready.
func pod(namespace, name, kind, owner, node string) series {
	return series{
		podInfo(namespace, name, kind, owner, node):  steady(1),
		podReady(namespace, name):                    steady(1),
		unschedulable(namespace, name):               steady(0),
		waiting(namespace, name, "CrashLoopBackOff"): steady(0),
		waiting(namespace, name, "ImagePullBackOff"): steady(0),
	}
}

func podInfo(namespace, pod, kind, owner, node string) string {
	return fmt.Sprintf("kube_pod_info{namespace=%q,pod=%q,created_by_kind=%q,created_by_name=%q,node=%q}", namespace, pod, kind, owner, node)
}

func podReady(namespace, pod string) string {
	return fmt.Sprintf(`kube_pod_status_ready{namespace=%q,pod=%q,condition="true"}`, namespace, pod)
}

func unschedulable(namespace, pod string) string {
	return fmt.Sprintf("kube_pod_status_unschedulable{namespace=%q,pod=%q}", namespace, pod)
}

func waiting(namespace, pod, reason string) string {
	return fmt.Sprintf(`kube_pod_container_status_waiting_reason{namespace=%q,pod=%q,container="main",reason=%q}`, namespace, pod, reason)
}

// deployment is one pod of a Deployment, by which it is available.
func deployment(namespace, name, node string) series {
	return series{available(namespace, name): steady(1)}.with(pod(namespace, podOf(name), "ReplicaSet", name+"-5d8f7c", node))
}

// primaries is how many servers of a database of several are the primary, and ready.
const primaries = `kube_poddisruptionbudget_status_current_healthy{namespace="ecommerce",poddisruptionbudget="postgres-primary"}`

// replicated is a database of two servers instead of one.
func replicated() series {
	s := series{primaries: steady(1), available(shop, "postgres"): absent(), podReady(shop, podOf("postgres")): absent()}
	for n, node := range map[int]string{1: second, 2: first} {
		name := fmt.Sprintf("postgres-%d", n)
		s = s.with(pod(shop, name, "Cluster", "postgres", node), series{
			fmt.Sprintf("kube_persistentvolumeclaim_info{namespace=%q,persistentvolumeclaim=%q}", shop, name): steady(1),
		})
	}
	return s
}

func podOf(deployment string) string { return deployment + "-5d8f7c-x2x4z" }

func available(namespace, deployment string) string {
	return fmt.Sprintf("kube_deployment_status_replicas_available{namespace=%q,deployment=%q}", namespace, deployment)
}

const (
	shop    = "ecommerce"
	system  = "kube-system"
	watcher = "monitoring"

	control = "control-plane"
	first   = "worker-node-1"
	second  = "worker-node-2"
)

// healthy is a platform on which all is well.
func healthy() series {
	s := node(control).with(
		node(first), node(second),
		deployment(shop, "frontend", first), deployment(shop, "backend", second), deployment(shop, "postgres", second), deployment(shop, "redis", first),
		deployment(system, "coredns", first), deployment(system, "metrics-server", second),
		shopAnswers(), apiServer(),
		series{
			upPod("backend", shop, podOf("backend"), second):                                                                    steady(1),
			upPod("coredns", system, podOf("coredns"), first):                                                                   steady(1),
			`kubelet_volume_stats_available_bytes{node="worker-node-2",namespace="ecommerce",persistentvolumeclaim="postgres"}`: steady(4e9),
			`kubelet_volume_stats_used_bytes{node="worker-node-2",namespace="ecommerce",persistentvolumeclaim="postgres"}`:      steady(6e9),
			`platform_backup_failed{node="control-plane",what="cluster"}`:                                                       steady(0),
			`platform_backup_due_timestamp_seconds{node="control-plane",what="cluster"}`:                                        steady(start + 900),
			`alertmanager_notifications_failed_total{instance="alertmanager",integration="webhook"}`:                            steady(0),
		},
	)
	for _, name := range []string{"alertmanager", "kube-state-metrics", "victoria-logs", "victoria-metrics", "vmalert"} {
		s = s.with(deployment(watcher, name, first), series{upPod(name, watcher, podOf(name), first): steady(1)})
	}
	return s
}

func requests(route, code string) string {
	return fmt.Sprintf("shop_http_requests_total{namespace=%q,pod=%q,route=%q,code=%q}", shop, podOf("backend"), route, code)
}

func durations(le string) string {
	return fmt.Sprintf(`shop_http_request_duration_seconds_bucket{namespace=%q,pod=%q,route="GET /data",le=%q}`, shop, podOf("backend"), le)
}

// shopAnswers is a shop whose requests take less than 0.1 s.
func shopAnswers() series {
	return series{
		requests("GET /data", "200"): counts(150, 150), requests("POST /api/orders", "503"): steady(0),
		durations("0.1"): counts(150, 150), durations("1"): counts(150, 150), durations("2.5"): counts(150, 150), durations("+Inf"): counts(150, 150),
	}
}

func answered(code string) string {
	return fmt.Sprintf("apiserver_request_total{job=\"apiserver\",node=%q,verb=\"GET\",code=%q}", control, code)
}

func seconds(le string) string {
	return fmt.Sprintf("apiserver_request_sli_duration_seconds_bucket{job=\"apiserver\",node=%q,verb=\"GET\",le=%q}", control, le)
}

func fsyncs(le string) string {
	return fmt.Sprintf("etcd_disk_wal_fsync_duration_seconds_bucket{job=\"etcd\",node=%q,le=%q}", control, le)
}

func usedWith(le string) string {
	return fmt.Sprintf("apiserver_client_certificate_expiration_seconds_bucket{job=\"apiserver\",node=%q,le=%q}", control, le)
}

const etcdLeader = `etcd_server_has_leader{job="etcd",node="control-plane"}`

// apiServer is one that answers ten requests a second, whose clients' certificates have months left, with its etcd.
func apiServer() series {
	return series{
		up("apiserver", control): steady(1), up("etcd", control): steady(1), etcdLeader: steady(1),
		answered("200"): counts(150, 150), answered("500"): steady(0),
		seconds("0.1"): counts(150, 150), seconds("2"): counts(150, 150), seconds("+Inf"): counts(150, 150),
		fsyncs("0.008"): counts(60, 60), fsyncs("0.512"): counts(60, 60), fsyncs("+Inf"): counts(60, 60),
		usedWith("604800"): steady(0), usedWith("+Inf"): counts(30, 30),
	}
}
