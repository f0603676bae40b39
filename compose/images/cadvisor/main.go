// Command cadvisor serves the container metrics of the cAdvisor library, as the kubelet does. It takes
// the flags of the official program that the compose file sets, so that either can stand behind the
// same entry; the official program itself cannot be had as a Go module.
package main

import (
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/google/cadvisor/cache/memory"
	"github.com/google/cadvisor/container"
	_ "github.com/google/cadvisor/container/docker/install"
	v2 "github.com/google/cadvisor/info/v2"
	"github.com/google/cadvisor/manager"
	"github.com/google/cadvisor/metrics"
	"github.com/google/cadvisor/utils/sysfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/clock"
)

func main() {
	log.SetFlags(0)
	enabled := container.MetricSet{}
	flag.Var(&enabled, "enable_metrics", "kinds of metrics to collect")
	labels := flag.String("whitelisted_container_labels", "", "container labels to export")
	flag.Bool("store_container_labels", false, "accepted for compatibility; only the listed labels are exported")
	address := flag.String("listen_ip", "", "address to listen on")
	port := flag.String("port", "8080", "port to listen on")
	flag.Parse()

	// The period is that of --housekeeping_interval: a dynamic one would leave gaps in the graphs.
	interval, dynamic := *manager.HousekeepingInterval, false
	containers, err := manager.New(
		memory.New(2*time.Minute, nil), sysfs.NewRealSysFs(),
		manager.HousekeepingConfig{Interval: &interval, AllowDynamic: &dynamic},
		enabled, http.DefaultClient, []string{""}, nil, "", 0)
	if err != nil {
		log.Fatalf("create the manager: %v", err)
	}
	if err := containers.Start(); err != nil {
		log.Fatalf("start the manager: %v", err)
	}

	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewPrometheusCollector(
		containers, metrics.BaseContainerLabels(strings.Split(*labels, ",")), enabled, clock.RealClock{},
		v2.RequestOptions{IdType: v2.TypeName, Count: 1, Recursive: true}))
	http.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) })
	log.Fatal(http.ListenAndServe(*address+":"+*port, nil))
}
