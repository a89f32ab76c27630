// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "benchmarks",
    products: [
        .executable(name: "load", targets: ["load"]),
        .executable(name: "splice-loop", targets: ["splice-loop"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        .target(name: "CLoad", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "LoadEngine", dependencies: ["CLoad"], swiftSettings: swiftSettings),
        .executableTarget(
            name: "load",
            dependencies: ["LoadEngine", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: swiftSettings
        ),
        .executableTarget(name: "splice-loop"),
        .testTarget(name: "LoadEngineTests", dependencies: ["LoadEngine"], swiftSettings: swiftSettings),
    ]
)
