import Lifecycles
import Objects

/// One host, its API object and its hardware as plain values: what a runner and two ports would be.
struct HostWorld {
    /// The BareMetalHost as the API has it.
    var object: JSON
    var isPoweredOn = false
    var attached: HostImage?
    /// Whether somebody's data lies on the host.
    var isDirty = false
    /// Looks at the power until an order takes effect.
    var powerDelay = 0
    private var orderedPower: Bool?
    private var looksLeft = 0
    var now = Timestamp(seconds: 1_700_000_000)
    var isRemoved = false
    var consumerIsGone = false
    var lifecycle: HostLifecycle
    /// Every state written, in order.
    var history: [String] = []
    var actions: [HostAction] = []

    static let image = HostImage(url: "http://images.example/a.qcow2", checksum: "sha256:aa")
    static let otherImage = HostImage(url: "http://images.example/b.qcow2", checksum: "sha256:bb")

    init(
        state: BareMetalHost.State = .none, image: HostImage? = nil, provisioned: HostImage? = nil, online: Bool = false,
        poweredOn: Bool = false, operationalStatus: String = "OK", errorCount: Int64 = 0, settings: HostLifecycleSettings = .init()
    ) {
        object = [
            "metadata": [
                "name": "h1", "namespace": "sluice-hosts", "uid": "u1", "generation": 1,
                "finalizers": [.string(Names.hostFinalizer)],
            ],
            "spec": ["online": .bool(online), "bmc": ["address": "sim://rack/h1"]],
            "status": [
                "provisioning": ["state": .string(state.rawValue)], "operationalStatus": .string(operationalStatus),
                "errorCount": .integer(errorCount), "poweredOn": .bool(poweredOn),
            ],
        ]
        if let image { object["spec", "image"] = image.json }
        if let provisioned { object["status", "provisioning", "image"] = provisioned.json }
        isPoweredOn = poweredOn
        lifecycle = HostLifecycle(settings: settings, seed: 7)
    }

    var host: BareMetalHost { BareMetalHost(object) }

    mutating func decide() -> HostDecision { lifecycle.next(for: host, consumerIsGone: consumerIsGone, now: now) }

    /// Changes the spec as the API would: the generation grows.
    mutating func setSpec(_ change: (inout JSON) -> Void) {
        change(&object)
        object["metadata", "generation"] = .integer((object["metadata", "generation"]?.integer ?? 0) + 1)
    }

    mutating func delete() {
        if object["metadata", "deletionTimestamp"] != nil { return }
        setSpec { $0["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z" }
    }

    /// Performs a decision's actions; the first for which `fault` has a message fails with it.
    mutating func perform(_ decision: HostDecision, fault: (HostAction) -> String? = { _ in nil }) {
        for action in decision.actions {
            actions.append(action)
            if HostWorld.isPortCall(action), let message = fault(action) {
                lifecycle.failed(action, message, now: now)
                return
            }
            apply(action, decision.status)
        }
    }

    /// Faults are those of the ports; a call of the API that fails is made again by the runner.
    private static func isPortCall(_ action: HostAction) -> Bool {
        ![.writeStatus, .releaseClaim, .addFinalizer, .removeFinalizer].contains(action)
    }

    private mutating func apply(_ action: HostAction, _ change: HostStatusChange?) {
        var reading: Bool?
        switch action {
        case .register, .inspect: break
        case .readPower:
            if orderedPower != nil {
                looksLeft -= 1
                if looksLeft < 0, let wanted = orderedPower {
                    isPoweredOn = wanted
                    orderedPower = nil
                }
            }
            reading = isPoweredOn
            if isPoweredOn, attached != nil { isDirty = true }
        case .setPower(let on):
            orderedPower = on
            looksLeft = powerDelay
        case .attach(let image): attached = image
        case .detach: attached = nil
        case .erase: isDirty = false
        case .writeStatus: if let change { write(change) }
        case .releaseClaim:
            setSpec { object in
                object["spec", "consumerRef"] = nil
                object["spec", "image"] = nil
                object["spec", "online"] = false
            }
            consumerIsGone = false
        case .addFinalizer: object["metadata", "finalizers"] = [.string(Names.hostFinalizer)]
        case .removeFinalizer:
            object["metadata", "finalizers"] = []
            isRemoved = true
        }
        lifecycle.succeeded(action, poweredOn: reading, now: now)
    }

    private mutating func write(_ change: HostStatusChange) {
        object["status", "provisioning", "state"] = .string(change.state.rawValue)
        object["status", "provisioning", "image"] = change.image?.json
        object["status", "operationalStatus"] = change.failure == nil ? "OK" : "error"
        object["status", "errorType"] = change.failure.map { .string($0.kind.rawValue) }
        object["status", "errorMessage"] = .string(change.failure?.message ?? "")
        object["status", "errorCount"] = .integer(change.errorCount)
        object["status", "poweredOn"] = .bool(change.isPoweredOn)
        history.append(change.failure == nil ? change.state.rawValue : "\(change.state.rawValue): \(change.failure?.kind.rawValue ?? "")")
    }

    /// Runs until nothing is left to do but rare checks, or the steps are used up; waits cost time only.
    @discardableResult
    mutating func run(steps: Int = 200, until limit: Duration = .seconds(86_400), fault: (HostAction) -> String? = { _ in nil }) -> Bool {
        let end = now + limit
        for _ in 0..<steps {
            if isRemoved { return true }
            let decision = decide()
            if decision.actions.isEmpty {
                guard let wake = decision.wakeAfter else { return true }
                let isSettled = host.isPoweredOn == host.isOnline && isPoweredOn == host.isOnline
                if host.state == .provisioned, host.operationalStatus == "OK", isSettled { return true }
                if now + wake > end { return false }
                now = now + wake
                continue
            }
            perform(decision, fault: fault)
            now = now + .milliseconds(10)
        }
        return false
    }
}
