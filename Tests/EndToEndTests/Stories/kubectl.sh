# What people do with kubectl all day.
. "$(dirname "$0")/prelude.sh"

expect "deployments" kubectl api-resources
expect "replicas" kubectl explain deployment.spec
expect "minSize" kubectl explain nodegroup.spec
# What older versions of kubectl explain and check by.
expect '"swagger":"2.0"' sh -c 'kubectl get --raw /openapi/v2 | head -c 200'
expect "namespace/shop created" kubectl create namespace shop
kubectl config set-context --current --namespace=shop >/dev/null

expect "configmap/settings created" kubectl create configmap settings --from-literal=color=blue
expect "configured" kubectl apply -f - <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: green}
YAML
expect "green" kubectl get configmap settings -o yaml
expect "patched" kubectl patch configmap settings --type=merge -p '{"data":{"size":"10"}}'
expect "labeled" kubectl label configmap settings tier=front
expect "settings" kubectl get configmap -l tier=front
expect "annotated" kubectl annotate configmap settings note=seen
refuse "already exists" kubectl create configmap settings --from-literal=a=b
refuse "not found" kubectl get configmap nothing
refuse "unknown field" kubectl apply -f - <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: bad}
spec:
  replcas: 1
  selector: {matchLabels: {app: bad}}
  template: {metadata: {labels: {app: bad}}, spec: {containers: [{name: a, image: b}]}}
YAML
refuse "does not match template" kubectl apply -f - <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: bad}
spec:
  selector: {matchLabels: {app: good}}
  template: {metadata: {labels: {app: bad}}, spec: {containers: [{name: a, image: b}]}}
YAML

kubectl apply -f - <<'YAML'
apiVersion: sluice.dev/v1alpha1
kind: NodeGroup
metadata: {name: shop}
spec: {maxSize: 3, template: {labels: {role: shop}}, scaleDownUnneededTime: 1h}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {role: shop}
      containers: [{name: app, image: "web:1", resources: {requests: {cpu: 20}}}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
YAML
expect "condition met" kubectl wait --for=condition=Available deployment/web --timeout=120s
expect "web-" kubectl get pods -o wide
expect "Scheduled" kubectl get events
expect "Successfully assigned" kubectl describe pod -l app=web
expect "Capacity" kubectl describe nodes
expect "image updated" kubectl set image deployment/web app=web:2
expect "successfully rolled out" kubectl rollout status deployment/web --timeout=120s
expect "REVISION" kubectl rollout history deployment/web
expect "rolled back" kubectl rollout undo deployment/web
expect "successfully rolled out" kubectl rollout status deployment/web --timeout=120s
expect "web:1" kubectl get deployment web -o wide
expect "scaled" kubectl scale deployment/web --replicas=6
expect "successfully rolled out" kubectl rollout status deployment/web --timeout=120s

node=$(kubectl get pods -l app=web -o jsonpath='{.items[0].spec.nodeName}')
expect "cordoned" kubectl cordon "$node"
expect "SchedulingDisabled" kubectl get node "$node"
drained="node/$node drained"
# Debian 12 has kubectl 1.20, which says it in another word.
case $(kubectl version --client -o json) in *'"minor": "20"'*) drained="node/$node evicted" ;; esac
expect "$drained" kubectl drain "$node" --ignore-daemonsets --delete-emptydir-data --timeout=120s
expect "uncordoned" kubectl uncordon "$node"
eventually 60 6 running_pods app=web

# A pod that fits nowhere explains itself.
kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: huge}
spec: {nodeSelector: {role: shop}, containers: [{name: a, image: b, resources: {requests: {cpu: 500}}}]}
YAML
eventually 30 Unschedulable kubectl get pod huge -o jsonpath='{.status.conditions[?(@.type=="PodScheduled")].reason}'
expect "cpu" "$SLUICE" explain pod huge -n shop
expect "\"" "$SLUICE" explain pod huge -n shop -o json
expect "deleted" kubectl delete pod huge --wait=true

expect "deleted" kubectl delete deployment web --wait=true
eventually 60 0 running_pods app=web
expect "created" kubectl apply -f - <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget, shortNames: [wd]}
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer, minimum: 1}}}}}}
YAML
expect "condition met" kubectl wait --for=condition=Established crd/widgets.example.com --timeout=10s
printf 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w1}\nspec: {size: 3}\n' | expect "created" kubectl apply -f -
expect "3" kubectl get widgets
printf 'apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w2}\nspec: {size: 0}\n' | refuse "should be greater than or equal to 1" kubectl apply -f -
expect "deleted" kubectl delete crd widgets.example.com
expect "deleted" kubectl delete namespace shop --timeout=60s
expect "deleted" kubectl delete nodegroup shop --timeout=60s
eventually 60 40 available_hosts
