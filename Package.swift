// swift-tools-version: 6.2
// Targets stand from the bottom layer to the top one, and an import may only point down (docs/ARCHITECTURE.md).
// The compiler refuses an import that is not declared here (--explicit-target-dependency-import-check error),
// Tests/TidyTests refuses a declared dependency that points up.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
    .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release)),
]

/// Data files are compiled in with `#embed`, which is C23.
let embed: [CSetting] = [.unsafeFlags(["-std=gnu23"])]

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "NIOTLS", package: "swift-nio"),
    .product(name: "NIOSSL", package: "swift-nio-ssl"),
    .product(name: "NIOHTTP2", package: "swift-nio-http2"),
    .product(name: "NIOHPACK", package: "swift-nio-http2"),
]
let certificates: [Target.Dependency] = [
    .product(name: "X509", package: "swift-certificates"),
    .product(name: "Crypto", package: "swift-crypto"),
    .product(name: "SwiftASN1", package: "swift-asn1"),
]
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let values: [Target] = [
    library("Objects"),
    .target(name: "KindData", cSettings: embed),
    library("Kinds", ["Objects", "KindData"]),
    library("Fleet", ["Objects"]),
]

let engines: [Target] = [
    library("Planning", ["Fleet", "Objects"]),
    library("Lifecycles", ["Objects"]),
    library("Replay", ["Planning", "Fleet", "Objects"]),
]

let seams: [Target] = [
    library("Store"),
    library("Ports", ["Objects"]),
    library("APIMessages"),
    library("Identity", ["APIMessages", "Objects"] + certificates),
]

let adapters: [Target] = [
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    library("SQLiteStore", ["Store", "CSQLite"]),
    library("KubeClient", ["Objects", "Ports", "APIMessages"]),
    library(
        "KubeHTTP",
        [
            "APIMessages", .product(name: "AsyncHTTPClient", package: "async-http-client"),
            .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOHTTP1", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "NIOFoundationEssentialsCompat", package: "swift-nio"), yams,
        ]),
    library("Simulation", ["Objects", "Ports", "APIMessages", "KubeClient"]),
    .target(name: "FleetData", cSettings: embed),
    library("FleetFile", ["Objects", "Ports", "Simulation", "FleetData", yams]),
]

let services: [Target] = [
    library("APIServer", ["Objects", "Kinds", "Store", "Ports", "APIMessages", "Identity"]),
    library("HTTPServer", ["APIMessages", "Identity", "Objects", logging] + nio + certificates),
    library("Controllers", ["Objects", "Fleet", "Planning", "Lifecycles", "Ports", "KubeClient", logging]),
    library(
        "ControlPlane",
        ["Objects", "Kinds", "Store", "Ports", "APIMessages", "Identity", "KubeClient", "APIServer", "Controllers", logging]),
]

let executables: [Target] = [
    .executableTarget(
        name: "sluice",
        dependencies: [
            "Objects", "Kinds", "Store", "Ports", "APIMessages", "Identity", "SQLiteStore", "KubeClient", "KubeHTTP", "Simulation",
            "FleetFile", "APIServer", "HTTPServer", "Controllers", "ControlPlane", "Planning", "Fleet", "Replay", logging, arguments,
            .product(name: "NIOCore", package: "swift-nio"),
        ], swiftSettings: strict),
    .executableTarget(
        name: "sluice-bench",
        dependencies: ["Objects", "Fleet", "Planning", "Replay", "Ports", "APIMessages", "KubeClient", "KubeHTTP", arguments],
        path: "Sources/SluiceBench", swiftSettings: strict),
    .executableTarget(
        name: "store-crash-writer", dependencies: ["Store", "SQLiteStore"], path: "Sources/StoreCrashWriter", swiftSettings: strict),
]

// No suite depends on an executable: it would be linked into the tests. `swift build --build-tests` builds both.
let suites: [Target] = [
    tests("TidyTests", []),
    tests("ObjectsTests", ["Objects"]),
    tests("KubeClientTests", ["KubeClient", "Ports", "APIMessages", "Objects"]),
    tests("KindsTests", ["Kinds", "Objects"]),
    tests("PatchTests", ["Objects"]),
    tests("FleetTests", ["Fleet", "Objects"]),
    tests("PlanningTests", ["Planning", "Fleet", "Objects"]),
    tests("LifecycleTests", ["Lifecycles", "Objects"]),
    tests("ReplayTests", ["Replay", "Planning", "Fleet", "Objects"]),
    tests("StoreTests", ["Store", "SQLiteStore"]),
    tests("IdentityTests", ["Identity", "APIMessages", "Objects"] + certificates),
    tests("SimulationTests", ["Simulation", "KubeClient", "Ports", "APIMessages", "Objects"]),
    tests("FleetFileTests", ["FleetFile", "Simulation", "Ports", "Objects"]),
    tests("TableTests", ["APIServer", "Objects"]),
    tests("HTTPServerTests", ["HTTPServer", "KubeHTTP", "Identity", "Ports", "APIMessages", "Objects"] + nio + certificates),
    tests("WorkloadControllerTests", ["Controllers", "Simulation", "KubeClient", "Ports", "APIMessages", "Objects", logging]),
    tests("APIServerTests", ["APIServer", "Store", "Kinds", "Identity", "Ports", "APIMessages", "Objects"]),
    tests(
        "WholePlaneTests",
        [
            "ControlPlane", "Controllers", "Simulation", "Store", "Kinds", "Identity", "KubeClient", "Fleet", "Ports", "APIMessages",
            "Objects", logging,
        ]),
    .testTarget(
        name: "EndToEndTests", dependencies: ["KubeHTTP", "KubeClient", "Ports", "Objects"], exclude: ["Stories"], swiftSettings: strict),
    tests(
        "FleetControllerTests",
        [
            "Controllers", "Lifecycles", "Planning", "Fleet", "APIServer", "Identity", "Kinds", "Store", "KubeClient", "Ports",
            "APIMessages", "Objects", "Simulation", logging,
        ]),
]

let package = Package(
    name: "sluice",
    products: [.executable(name: "sluice", targets: ["sluice"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: values + engines + seams + adapters + services + executables + suites
)
