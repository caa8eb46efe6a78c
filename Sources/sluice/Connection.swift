import ArgumentParser
import Fleet
import Glibc
import KubeClient
import KubeHTTP
import Objects

/// Where a command finds the API server.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The kubeconfig file; else $KUBECONFIG, ./.sluice/kubeconfig, ~/.kube/config.")
    var kubeconfig: String?

    /// Calls `body` with a client of the server that the kubeconfig names, and closes the connection afterwards.
    func withClient<Value: Sendable>(_ body: (KubeClient) async throws -> Value) async throws -> Value {
        let path = try find()
        let transport: HTTPSTransport
        do { transport = try HTTPSTransport(try ClientConfiguration(kubeconfig: path)) } catch { throw CommandFailure("\(error)") }
        do {
            let value = try await body(KubeClient(transport: transport))
            try await transport.shutdown()
            return value
        } catch {
            try? await transport.shutdown()
            if let failure = error as? CommandFailure { throw failure }
            throw CommandFailure("\(error)")
        }
    }

    private func find() throws -> String {
        if let kubeconfig { return kubeconfig }
        if let named = getenv("KUBECONFIG").map({ String(cString: $0) }), let first = named.split(separator: ":").first {
            return String(first)
        }
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        for path in [".sluice/kubeconfig", "\(home)/.kube/config"] where access(path, R_OK) == 0 { return path }
        throw CommandFailure("no kubeconfig found; start Sluice with `sluice up`, or name one with --kubeconfig")
    }
}

/// How results are written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    case wide
    case json
    case yaml
}

/// Reads the ledger from an API server: the same lists the controllers watch.
enum LedgerReader {
    /// A Fleet of everything the server knows now.
    static func read(_ client: KubeClient) async throws(KubeError) -> Fleet {
        var fleet = Fleet()
        for group in try await views(NodeGroup.self, client) { fleet.apply(.nodeGroup(group)) }
        for host in try await views(BareMetalHost.self, client) { fleet.apply(.host(host)) }
        for node in try await views(Node.self, client) { fleet.apply(.node(node)) }
        for pod in try await views(Pod.self, client) { fleet.apply(.pod(pod)) }
        for instance in try await views(BareMetalInstance.self, client) { fleet.apply(.instance(instance)) }
        for budget in try await views(PodDisruptionBudget.self, client) { fleet.apply(.budget(budget)) }
        return fleet
    }

    /// All objects of a kind; none where the server does not serve it.
    static func views<View: ResourceView>(_ view: View.Type, _ client: KubeClient) async throws(KubeError) -> [View] {
        var views: [View] = []
        var token = ""
        repeat {
            let page: KubeList
            do throws(KubeError) {
                page = try await client.list(View.resource, limit: 500, continueToken: token)
            } catch  where error.isNotFound {
                return []
            }
            views += page.items.map { View($0) }
            token = page.continueToken
        } while !token.isEmpty
        return views
    }
}
