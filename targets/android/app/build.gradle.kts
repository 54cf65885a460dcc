import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

fun value(name: String): String = providers.gradleProperty("edgekit.$name").get()

android {
    namespace = "dev.edgekit.app"
    compileSdk = libs.versions.compileSdk.get().toInt()

    defaultConfig {
        applicationId = value("applicationId")
        minSdk = libs.versions.minSdk.get().toInt()
        targetSdk = libs.versions.targetSdk.get().toInt()
        versionCode = value("versionCode").toInt()
        versionName = value("versionName")
    }

    androidResources {
        // A model that is stored as it is can be mapped into memory.
        noCompress += "tflite"
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    compilerOptions { jvmTarget = JvmTarget.JVM_17 }
}

dependencies {
    implementation(project(":edgekit"))
    implementation(libs.litert.gpu)
    implementation(libs.litert.gpuapi)
}
