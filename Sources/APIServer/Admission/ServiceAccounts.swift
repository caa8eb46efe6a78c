internal import Kinds
internal import Objects
internal import Store

extension APIServer {
    /// Gives a pod its service account, and where neither refuses it the volume with the account's token.
    ///
    /// An account that does not exist refuses nothing: until its controller has run, a new namespace has none.
    func admitServiceAccount(_ pod: inout JSON, _ call: Call) async throws(APIFailure) {
        var spec = pod["spec"] ?? [:]
        pod["spec"] = nil
        let name = spec["serviceAccountName"]?.string ?? ""
        if name.isEmpty { spec["serviceAccountName"] = "default" }
        spec["serviceAccount"] = spec["serviceAccountName"]
        let isMirror = pod["metadata", "annotations", "kubernetes.io/config.mirror"] != nil
        if !isMirror {
            let key = StoreKeys.key(group: "", plural: "serviceaccounts", namespace: call.namespace, name: name.isEmpty ? "default" : name)
            let account = try await read(key).entry.map { (entry) throws(APIFailure) in try decoded.object(entry) }
            let wanted = spec["automountServiceAccountToken"]?.bool ?? account?["automountServiceAccountToken"]?.bool ?? true
            if wanted { ServiceAccountVolume.add(to: &spec) { self.newSuffix() } }
            if (spec["imagePullSecrets"]?.array ?? []).isEmpty, let secrets = account?["imagePullSecrets"] {
                spec["imagePullSecrets"] = secrets
            }
        }
        pod["spec"] = spec
    }
}

/// The projected volume through which containers reach the API as their service account.
enum ServiceAccountVolume {
    private static let mountPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Mounts the volume in every container that mounts nothing there; no volume where all of them do.
    static func add(to spec: inout JSON, suffix: () -> String) {
        var name: String?
        for field in ["initContainers", "containers"] {
            guard case .array(var containers)? = spec[field] else { continue }
            spec[field] = []
            for index in containers.indices {
                var mounts = containers[index]["volumeMounts"]?.array ?? []
                if mounts.contains(where: { $0["mountPath"] == .string(mountPath) }) { continue }
                let volume = name ?? "kube-api-access-\(suffix())"
                name = volume
                mounts.append(["name": .string(volume), "readOnly": true, "mountPath": .string(mountPath)])
                containers[index]["volumeMounts"] = .array(mounts)
            }
            spec[field] = .array(containers)
        }
        guard let name else { return }
        var volumes = spec["volumes"]?.array ?? []
        volumes.append(["name": .string(name), "projected": projection])
        spec["volumes"] = .array(volumes)
    }

    private static let projection: JSON = [
        "sources": [
            ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            [
                "downwardAPI": [
                    "items": [["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]]
                ]
            ],
        ], "defaultMode": 420,
    ]
}
