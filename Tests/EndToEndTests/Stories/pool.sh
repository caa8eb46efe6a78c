# The pool end to end: containers, virtual machines and tenants draw hosts and give them back.
. "$(dirname "$0")/prelude.sh"

expect "baremetalhosts" kubectl api-resources --api-group=metal3.io
eventually 60 40 sh -c 'kubectl get baremetalhosts -A --no-headers | wc -l | tr -d " "'
eventually 60 40 available_hosts

kubectl apply -f - <<'YAML'
apiVersion: sluice.dev/v1alpha1
kind: NodeGroup
metadata: {name: containers}
spec:
  minSize: 0
  maxSize: 20
  hostSelector: {matchLabels: {sluice.dev/model: r64}}
  template: {labels: {role: containers}}
  scaleDownUnneededTime: 5s
  scaleDownDelayAfterAdd: 5s
---
apiVersion: sluice.dev/v1alpha1
kind: NodeGroup
metadata: {name: vms}
spec:
  maxSize: 5
  hostSelector: {matchLabels: {sluice.dev/model: r64}}
  template: {labels: {role: vms}}
  scaleDownUnneededTime: 5s
  scaleDownDelayAfterAdd: 5s
---
apiVersion: v1
kind: Namespace
metadata: {name: tenant-a}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 200
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {role: containers}
      terminationGracePeriodSeconds: 2
      containers:
      - {name: app, image: "registry.example/web:1", resources: {requests: {cpu: "2", memory: 4Gi}}}
YAML
expect "successfully rolled out" kubectl rollout status deployment/web --timeout=120s
eventually 10 200 running_pods app=web
# 200 pods of 2 cores on hosts of 64: seven are enough.
nodes=$(nodes_of containers)
[ "$nodes" -le 8 ] || fail "$nodes nodes for what fits on 7"

for number in 1 2 3 4 5 6 7 8 9 10; do
    cat <<YAML
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: vm$number}
spec:
  runStrategy: Always
  template:
    metadata: {labels: {app: vm}}
    spec:
      nodeSelector: {role: vms}
      terminationGracePeriodSeconds: 2
      domain:
        cpu: {cores: 8}
        memory: {guest: 16Gi}
        devices: {disks: [{name: root, disk: {bus: virtio}}]}
      volumes: [{name: root, containerDisk: {image: "registry.example/debian:12"}}]
---
YAML
done | kubectl apply -f -
kubectl apply -f - <<'YAML'
apiVersion: sluice.dev/v1alpha1
kind: BareMetalInstance
metadata: {name: db1, namespace: tenant-a}
spec:
  hostSelector: {matchLabels: {sluice.dev/model: r128}}
  image: {url: "http://images.example/debian12.qcow2", checksum: "sha256:00"}
---
apiVersion: sluice.dev/v1alpha1
kind: BareMetalInstance
metadata: {name: db2, namespace: tenant-a}
spec:
  hostSelector: {matchLabels: {sluice.dev/model: r128}}
  image: {url: "http://images.example/debian12.qcow2", checksum: "sha256:00"}
YAML
eventually 120 10 sh -c 'kubectl get vmi --no-headers | grep -c Running'
eventually 60 2 sh -c 'kubectl get baremetalinstances -n tenant-a --no-headers | grep -c Running'
expect "role=vms" kubectl describe node "$(kubectl get nodes -l role=vms -o jsonpath='{.items[0].metadata.name}')"

expect "NODEGROUP" "$SLUICE" status
expect "bound to node" "$SLUICE" explain pod "$(kubectl get pods -l app=web -o jsonpath='{.items[0].metadata.name}')"

# The demand ends: hosts return, the tenants keep theirs.
expect "scaled" kubectl scale deployment/web --replicas=0
expect "deleted" kubectl delete vm --all
eventually 180 38 available_hosts
eventually 10 0 nodes_of containers
eventually 10 2 sh -c 'kubectl get baremetalinstances -n tenant-a --no-headers | grep -c Running'
expect "deleted" kubectl delete baremetalinstance -n tenant-a --all --timeout=60s
eventually 60 40 available_hosts
