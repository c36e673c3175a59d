// Columns: contiguous, cache-line aligned, zeroed; large ones on huge pages (4 KB pages halve random access beyond
// 4 MB). Their pages are first touched by whoever writes first. 64 bytes beyond the last number are there too, so that
// loops may end with a whole vector.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace rheo {

template <class T>
class AlignedColumn {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  AlignedColumn() = default;
  explicit AlignedColumn(std::size_t size) : size_(size) {
    if (size == 0) return;
    if (size > static_cast<std::size_t>(-1) / sizeof(T) / 2) throw std::bad_alloc();
    const std::size_t rounded = taken_by(size);
    if (rounded >= huge) {
      // Fresh pages of the kernel are zero already.
      mapped_ = rounded;
      void* memory =
          mmap(nullptr, mapped_ + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (memory == MAP_FAILED) throw std::bad_alloc();
      // Give back what lies outside a huge-page boundary.
      const auto address = reinterpret_cast<std::size_t>(memory);
      const std::size_t skip = (huge - address % huge) % huge;
      if (skip != 0) munmap(memory, skip);
      if (skip != huge) munmap(static_cast<char*>(memory) + skip + mapped_, huge - skip);
      data_ = reinterpret_cast<T*>(static_cast<char*>(memory) + skip);
      madvise(data_, mapped_, MADV_HUGEPAGE);
    } else {
      data_ = static_cast<T*>(std::aligned_alloc(64, rounded));
      if (data_ == nullptr) throw std::bad_alloc();
      std::memset(static_cast<void*>(data_), 0, rounded);
    }
  }
  AlignedColumn(AlignedColumn&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        mapped_(std::exchange(other.mapped_, 0)) {}
  AlignedColumn& operator=(AlignedColumn&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  ~AlignedColumn() {
    if (mapped_ != 0)
      munmap(data_, mapped_);
    else
      std::free(data_);
  }

  // Keeps the first `size` numbers, no more than there are, and gives the memory of the others back.
  void shrink(std::size_t size) {
    const std::size_t rounded = taken_by(size);
    if (mapped_ == 0 || rounded < huge) {
      AlignedColumn fewer(size);
      if (size != 0) std::memcpy(static_cast<void*>(fewer.data_), data_, size * sizeof(T));
      *this = std::move(fewer);
      return;
    }
    if (rounded < mapped_) munmap(reinterpret_cast<char*>(data_) + rounded, mapped_ - rounded);
    mapped_ = rounded;
    size_ = size;
    std::memset(static_cast<void*>(data_ + size), 0, spare);
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  std::span<T> span() { return {data_, size_}; }
  std::span<const T> span() const { return {data_, size_}; }
  std::size_t bytes() const { return size_ * sizeof(T); }
  // What a column of so many numbers takes.
  static std::size_t taken_by(std::size_t size) {
    const std::size_t bytes = size * sizeof(T) + spare, unit = bytes >= huge ? huge : 64;
    return size == 0 ? 0 : (bytes + unit - 1) / unit * unit;
  }

 private:
  static constexpr std::size_t huge = std::size_t{2} << 20, spare = 64;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

// Room for `size` numbers; what the column held is gone where it was too short.
template <class T>
T* room(AlignedColumn<T>& column, std::size_t size) {
  if (column.size() < size) column = AlignedColumn<T>(size);
  return column.data();
}

}  // namespace rheo
